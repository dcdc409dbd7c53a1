"""What Prometheus says of its alerts, now and over the whole run."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx

PENDING, FIRING = "pending", "firing"


@dataclass(frozen=True, slots=True)
class Alert:
    """One that is pending or fires."""

    name: str
    state: str
    labels: dict[str, str] = field(hash=False, default_factory=dict)

    def __str__(self) -> str:
        """As a line for people."""
        shown = {n: v for n, v in self.labels.items() if n not in {"alertname", "severity", "job"}}
        return f"{self.name}{shown or ''}"


@dataclass(slots=True)
class Asker:
    """Asks over Prometheus' own API."""

    address: str
    began: float = field(default_factory=time.time)

    async def alerts(self) -> list[Alert]:
        """All that are pending or fire now."""
        found = (await self._get("/api/v1/alerts"))["alerts"]
        return [Alert(one["labels"]["alertname"], one["state"], one["labels"]) for one in found]

    async def firing(self) -> list[Alert]:
        """All that fire now."""
        return [one for one in await self.alerts() if one.state == FIRING]

    async def ever(self, state: str) -> set[str]:
        """The names of all that were ever in a state."""
        query = (
            f'count by (alertname) (max_over_time(ALERTS{{alertstate="{state}"}}[{self._span}]))'
        )
        found = (await self._get("/api/v1/query", query=query))["result"]
        return {one["metric"]["alertname"] for one in found}

    async def broken_rules(self) -> list[str]:
        """Rules that Prometheus cannot evaluate, with why."""
        groups = (await self._get("/api/v1/rules"))["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return [f"{one['name']}: {one['lastError']}" for one in rules if one.get("lastError")]

    @property
    def _span(self) -> str:
        return f"{int(time.time() - self.began) + 60}s"

    async def _get(self, path: str, **params: str) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            answer = await http.get(self.address + path, params=params)
        data: dict[str, Any] = answer.raise_for_status().json()["data"]
        return data
