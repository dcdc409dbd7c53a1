"""A partner that reports to the API and repeats what it is not sure of, under the same key."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field

import httpx
import structlog

from hub.dev.simulator.said import Report

KEPT = 1_000
AT_ONCE = 8
IMPATIENT, IMPATIENT_SECONDS = 0.06, 0.02
"""So many do not wait for the answer, and repeat."""
MISTAKEN = 0.06
"""So many use a key again for something else."""
FIRST_WAIT, LONGEST_WAIT, LOUD_FROM = 0.2, 2.0, 30
TOO_MANY, OUR_TROUBLE = 429, 500

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Partner:
    """An app, a market or a web shop of one merchant."""

    name: str
    address: str
    authorization: str
    client: httpx.AsyncClient
    chance: random.Random
    heard: Counter[str]
    counted: str = "partner"
    """Under which name its answers are counted."""
    waits: bool = False
    """Whether "accepted" means to it that it should come again, as the API of invoices says."""
    _reports: "asyncio.Queue[Report]" = field(default_factory=lambda: asyncio.Queue(KEPT))

    async def tell(self, report: Report) -> None:
        await self._reports.put(report)

    async def settle(self) -> None:
        await self._reports.join()

    async def run(self) -> None:
        """Report until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._one_after_the_other())

    async def _one_after_the_other(self) -> None:
        while True:
            report = await self._reports.get()
            await self._report(report)
            self._reports.task_done()

    async def _report(self, report: Report) -> None:
        if self.chance.random() < IMPATIENT:
            await self._is_answered(report.key, report.body, IMPATIENT_SECONDS)
        await self._until_answered(report.key, report.body)
        if not self.waits and self.chance.random() < MISTAKEN:
            other = json.loads(report.body)
            (fact,) = other.values()
            fact["branch"] = "A branch that another report was about"
            await self._until_answered(report.key, json.dumps(other).encode())

    async def _until_answered(self, key: str, body: bytes) -> None:
        pause, attempt = FIRST_WAIT, 1
        while not await self._is_answered(key, body):
            if attempt == LOUD_FROM:
                log.warning("partner.waited", name=self.name, attempt=attempt)
            await asyncio.sleep(pause)
            pause, attempt = min(LONGEST_WAIT, pause * 2), attempt + 1

    async def _is_answered(self, key: str, body: bytes, patience: float | None = None) -> bool:
        """Whether there is no reason to come again; 202 is an answer too, to most."""
        headers = {
            "authorization": self.authorization,
            "content-type": "application/json",
            "idempotency-key": key,
        }
        timeout = httpx.USE_CLIENT_DEFAULT if patience is None else patience
        try:
            answer = await self.client.post(
                self.address, content=body, headers=headers, timeout=timeout
            )
        except httpx.TimeoutException:
            self.heard[f"{self.counted}_timeouts"] += 1
            return False
        except httpx.TransportError:
            self.heard[f"{self.counted}_connections_lost"] += 1
            return False
        status = answer.status_code
        self.heard[f"{self.counted}_{status}"] += 1
        self.heard[f"{self.counted}_replays"] += "idempotent-replayed" in answer.headers
        in_flight = status == httpx.codes.CONFLICT and "retry-after" in answer.headers
        in_flight |= self.waits and status == httpx.codes.ACCEPTED
        return not in_flight and status < OUR_TROUBLE and status != TOO_MANY
