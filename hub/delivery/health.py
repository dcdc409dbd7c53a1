"""Endpoints that only fail: their owner is warned twice, then they are no longer asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from hub.adapters.postgres import Database
from hub.audit.entries import By, Entry, record
from hub.delivery.queue import Standing
from hub.delivery.schedule import DISABLED_AFTER, WARNED_AT

DISPATCHER = By(kind="system", id="deliver")

WARNED = """
update endpoint_pace set warned = $2 where endpoint = $1 and warned < $2 and failing_since is not null
"""
DISABLE = """
update endpoint set state = 'disabled', state_why = $2, version = version + 1, changed_at = clock_timestamp()
 where id = $1 and state = 'active' and ($3::int is null or version = $3) returning tenant
"""

UNITS = (("hours", 3_600), ("minutes", 60), ("seconds", 1))

log = structlog.get_logger(__name__)


def in_words(seconds: float) -> str:
    """So long, in the largest unit of which there are two: never more than it was."""
    for name, size in UNITS:
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {name}"
    return "a moment"


@dataclass(frozen=True, slots=True)
class Health:
    """Draws the conclusions. What waits for a disabled endpoint goes on waiting for it."""

    database: Database
    scale: float = 1.0

    async def retire(self, gone: Iterable[tuple[str, int]]) -> None:
        """Ask these no more: they said so themselves. One that is another version by now is asked again."""
        for endpoint, version in gone:
            await self._disable(endpoint, "it answered 410: it is gone for good", version)

    async def look(self, standing: Iterable[Standing]) -> None:
        """Warn or disable where it is time to, a step a time: whoever was asked nothing for days is warned too."""
        after = DISABLED_AFTER * self.scale
        for one in standing:
            if one.failing is None:
                continue
            unsaid = [percent for percent in WARNED_AT if percent > one.warned]
            if unsaid and one.failing >= after * unsaid[0] / 100:
                await self._warn(one, unsaid[0])
            elif not unsaid and one.failing >= after:
                why = f"nothing has gone well for {in_words(one.failing)}"
                await self._disable(one.endpoint, why)

    async def _warn(self, one: Standing, percent: int) -> None:
        async with self.database.transaction() as tx:
            if await tx.execute(WARNED, one.endpoint, percent) != "UPDATE 1":
                return
            doc = {"failing_seconds": int(one.failing or 0), "percent_until_disabled": percent}
            await record(tx, _entry(one.tenant, "endpoint:warned", one.endpoint, doc=doc))
        log.warning("endpoint.warned", endpoint=one.endpoint, percent=percent)

    async def _disable(self, endpoint: str, why: str, version: int | None = None) -> None:
        async with self.database.transaction() as tx:
            rows = await tx.fetch(DISABLE, endpoint, why, version)
            if not rows:
                return
            await record(tx, _entry(rows[0]["tenant"], "endpoint:disabled", endpoint, why=why))
        log.warning("endpoint.disabled", endpoint=endpoint, reason=why)


def _entry(tenant: str, action: str, endpoint: str, **more: Any) -> Entry:
    return Entry(tenant=tenant, action=action, subject=endpoint, by=DISPATCHER, **more)
