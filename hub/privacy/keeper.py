"""One process does what nobody asks for: what is too old goes, what was begun is finished."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from hub.access.keyring import HUB
from hub.adapters.postgres import Database
from hub.adapters.postgres.leases import LeaseLostError, Leases
from hub.domain.errors import HubError
from hub.privacy.erasing import Eraser
from hub.privacy.kept import without_person
from hub.privacy.leaving import Leaver, leaver
from hub.privacy.resealing import destroy_retired, go_on
from hub.privacy.retention import InForce, in_force
from hub.privacy.rules import PIECE, RULES, Rule
from hub.privacy.runs import count, end, end_others
from hub.privacy.shelves import clear
from hub.telemetry.metrics import Metrics
from schemas.policies.retention import Kind, RetentionPolicy

log = structlog.get_logger()

DOOR = "retain"
LEASE_SECONDS = 30.0
WISHES_SECONDS = 5.0
"""So often it looks whether somebody wants to be forgotten."""
ROUND_SECONDS = 1_800.0
SWEEP_DAYS = 31
"""After so long no topic has anything of somebody who was erased."""

TENANTS = "select id from tenant union select $1 order by 1"
WAITING = """
select coalesce(extract(epoch from clock_timestamp() - min(asked_at)), 0)::float8
  from privacy_request where kind in ('erasure', 'tenant') and done_at is null
"""
LATE = """
select i.topic, i.part, i."offset", i.tenant, i.sealed, i.version
  from erased e join item i on i.tenant = e.tenant and i.contacts && array[e.hash] and i.received_at <= e.at
 where i.wanted is distinct from 'give_up' limit $1
"""
# A batch that had begun before may have written the names of somebody who was erased meanwhile.
STRAY = """
delete from name n using (
  select e.tenant, e.hash, k.kind, k.value from erased e
   cross join lateral (values ('email', e.hash), ('phone', e.hash), ('customer', e.hash || chr(31) || 'name'))
     k(kind, value)) k
 where n.kind = k.kind collate "C" and n.tenant = k.tenant collate "C" and n.value = k.value collate "C"
   and not exists (select 1 from contact c where c.tenant = k.tenant
                      and (c.email_hash = k.hash or c.phone_hash = k.hash or c.customer = k.hash))
returning 1
"""
FORGOTTEN = "delete from erased where at < clock_timestamp() - make_interval(days => $1)"


@dataclass(slots=True)
class Keeper:
    """Looks after what is kept, while it holds the lease."""

    database: Database
    eraser: Eraser
    settings: RetentionPolicy
    """What the installation says."""
    metrics: Metrics
    drop: Path | None
    """The folder of dropped files, where this process can reach it."""
    lease_seconds: float = LEASE_SECONDS
    pause: float = WISHES_SECONDS
    every: float = ROUND_SECONDS
    _due: float = field(default=0.0)

    async def run(self) -> None:
        """Look after everything until cancelled; another takes over where this one ends."""
        leases = Leases(self.database, DOOR, self.lease_seconds)
        while True:
            try:
                async with leases.held(HUB, DOOR) as lease:
                    if lease is not None:
                        await self._serve()
            except* LeaseLostError:
                log.info("retain.lease_lost")
            await asyncio.sleep(self.pause)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.wishes()
            if loop.time() >= self._due:
                await self.round()
                self._due = loop.time() + self.every
            await asyncio.sleep(self.pause)

    async def wishes(self) -> None:
        """Forget who wants to be forgotten, and finish changes of keys that somebody began."""
        await self._safely("erasure", self.eraser.work)
        await self._safely("late", self._late)
        await self._safely("tenant", self._leaver.work)
        keyring = self.eraser.today.keyring
        await self._safely("keys", lambda: go_on(self.database, keyring))
        self.metrics.erasure_waits.set(await self.database.fetchval(WAITING))

    async def round(self) -> None:
        """Let go of what is too old, for each tenant and kind, in bounded pieces."""
        tenants = [row["id"] for row in await self.database.fetch(TENANTS, HUB)]
        holds = await in_force(self.database, tenants, self.settings)
        self.metrics.retention_failures.labels("policy").inc(len(tenants) - len(holds))
        await end_others(self.database, holds)
        overdue: dict[str, float] = {}
        for rule in RULES:
            # Most have the same days: one look at a table does for all of them.
            for days, same in _alike(holds, rule.kind).items():
                await self._safely(rule.table, self._piecewise(rule, same, days, holds))
                late = await self.database.fetchval(rule.oldest, same, days) or 0.0
                overdue[rule.table] = max(overdue.get(rule.table, 0.0), late)
        if self.drop is not None:
            for tenant, by in holds.items():
                await self._safely("file", self._files(self.drop, tenant, by))
        await end(self.database, holds)
        for table, seconds in overdue.items():
            self.metrics.retention_overdue.labels(table).set(seconds)
        await self._safely("tenant", self._leaver.late)
        await self.database.execute(FORGOTTEN, SWEEP_DAYS)
        keyring = self.eraser.today.keyring
        await self._safely("key", lambda: destroy_retired(self.database, keyring))

    @property
    def _leaver(self) -> Leaver:
        return leaver(self.eraser, self.drop)

    def _piecewise(
        self, rule: Rule, tenants: list[str], days: int, holds: Mapping[str, InForce]
    ) -> Callable[[], Awaitable[int]]:
        async def piece() -> int:
            async with self.database.transaction() as moment:
                rows = await moment.fetch(rule.sql, tenants, days, PIECE)
                for tenant, gone in rows:
                    await count(moment, tenant, holds[tenant], rule.table, gone)
            return sum(gone for _, gone in rows)

        async def work() -> int:
            gone = 0
            while done := await piece():
                gone += done
            return gone

        return work

    def _files(self, drop: Path, tenant: str, by: InForce) -> Callable[[], Awaitable[int]]:
        async def work() -> int:
            gone = await asyncio.to_thread(clear, drop, tenant, by.days, PIECE)
            if gone:
                # No transaction holds both: who is killed right here has removed files that no run counts.
                await count(self.database, tenant, by, "file", gone)
            return gone

        return work

    async def _late(self) -> int:
        """Events received before their person was erased, and set aside since."""
        rows = await self.database.fetch(LATE, PIECE)
        for row in rows:
            await without_person(self.database, self.eraser.today, row)
        return len(rows) + len(await self.database.fetch(STRAY))

    async def _safely(self, what: str, work: Callable[[], Awaitable[int]]) -> None:
        """One kind that fails keeps no other from its turn."""
        try:
            self.metrics.retained.labels(what).inc(await work())
        except HubError as error:
            self.metrics.retention_failures.labels(what).inc()
            log.warning("retain.failed", what=what, reason=str(error))


def _alike(holds: Mapping[str, InForce], kind: Kind) -> dict[int, list[str]]:
    """The tenants by how long they keep a kind of thing; those that hold it are left out."""
    found: dict[int, list[str]] = {}
    for tenant, one in holds.items():
        days = one.kept[kind].days
        if days is not None:
            found.setdefault(days, []).append(tenant)
    return found
