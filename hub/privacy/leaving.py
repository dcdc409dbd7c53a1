"""A merchant that left: what is sealed for it becomes unreadable, and whatever still comes is refused.

Everybody is told first, in one transaction. Then what is sealed goes a piece at a time, and at last the keys.
Each step may be repeated and a later one finds what an earlier one missed, so whoever is killed is gone on for,
and what somebody was just writing is swept up for a month.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.access.keyring import HUB
from hub.access.tenant_keys import destroy_all
from hub.access.tenants import NAMED, UnknownTenantError
from hub.adapters.postgres import Database, Queries
from hub.audit.entries import By, Entry, record
from hub.domain.errors import HubError
from hub.privacy.erasing import LOCK, Eraser, Still, still
from hub.privacy.shelves import clear_all
from hub.privacy.sweeps import ACCESS, STAYS, SWEEPS
from schemas.topics import Topic, dead_letters

LEAST_REASON = 10
SWEPT_DAYS = 31
"""After so long nothing of it comes by any topic, and nobody is writing any more what was begun."""

MARK = "update tenant set erased_at = clock_timestamp(), version = version + 1 where id = $1"
ASKED = "select id, done_at from privacy_request where tenant = $1 and kind = 'tenant'"
ASK = """
insert into privacy_request (id, tenant, kind, by_kind, by_id, by_role) values ($1, $2, 'tenant', $3, $4, $5)
"""
OPEN = """
select id, tenant, by_id from privacy_request
 where kind = 'tenant' and done_at is null and ($1::text is null or tenant = $1) order by asked_at
"""
ERASED = """
select id from tenant where erased_at > clock_timestamp() - make_interval(days => $1) order by id
"""
AT = "select erased_at from tenant where id = $1"
DONE = """
update privacy_request set done_at = clock_timestamp(), report = $2::text::json
 where id = $1 and done_at is null returning 1
"""
REPORT = "select report from privacy_request where tenant = $1 and kind = 'tenant' and done_at is not null"
# Until its first own key came it had the derived one; what that sealed is on topics for a month.
WAS_DERIVED = """
select not exists (select 1 from tenant_key where tenant = $1 and version = 1
                      and created_at < $2::timestamptz - make_interval(days => $3))
"""


class LeavingError(HubError):
    """The merchant is not erased; the message says why."""


def check_reason(why: str) -> None:
    """Return where it says enough.

    Raises:
        LeavingError: it is too short.

    """
    if len(why.strip()) < LEAST_REASON:
        raise LeavingError(f"give a reason of {LEAST_REASON} characters or more: --reason")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What goes of a merchant, and what stays."""

    goes: dict[str, int]
    stays: dict[str, int]
    """By table: decisions and logs, none of which tells of a person."""
    still_on_topics: tuple[Still, ...]
    """What Kafka alone forgets, and by when at the latest."""


@dataclass(frozen=True, slots=True)
class Leaver:
    """Erases merchants. Two at once do the same thing twice, which harms nobody."""

    database: Database
    received: Sequence[Topic]
    """Topics that have payloads as they were received."""
    sealed: Sequence[Topic]
    """Topics that have sealed copies."""
    drop: Path | None = None
    """The folder of dropped files, where this process can reach it."""

    async def figures(self, tenant: str) -> Figures:
        """What would go; nothing is written.

        Raises:
            UnknownTenantError: there is no such merchant.

        """
        rows = await self.database.fetch(NAMED, tenant)
        if not rows or tenant == HUB:
            raise UnknownTenantError(f"there is no tenant {tenant!r}; run: hub tenant list")
        count = self.database.fetchval
        return Figures(
            goes={one.what: await count(one.counted, tenant) for one in SWEEPS},
            stays={what: await count(sql, tenant) for what, sql in STAYS.items()},
            still_on_topics=await self._still(tenant, rows[0]["erased_at"]),
        )

    async def _still(self, tenant: str, at: datetime | None) -> tuple[Still, ...]:
        since = at or await self.database.fetchval("select clock_timestamp()")
        # What the derived key sealed, the master key alone opens: its copies stay until Kafka forgets them.
        was_derived = await self.database.fetchval(WAS_DERIVED, tenant, since, SWEPT_DAYS)
        topics = (*self.received, *(self.sealed if was_derived else ()))
        return tuple(still(topic, since) for topic in topics)

    async def ask(self, tenant: str, by: By, why: str) -> None:
        """Have everybody refuse whatever comes in its name, and the rest carried out by `hub retain`.

        Raises:
            LeavingError: the reason is too short.

        """
        check_reason(why)
        figures = await self.figures(tenant)
        async with self.database.transaction() as moment:
            # Whoever writes a contact just now is done before, or sees that its merchant left.
            await moment.execute(LOCK)
            if await moment.fetch(ASKED, tenant):
                return
            await moment.execute(MARK, tenant)
            await _shut(moment, tenant)
            request = f"per_{uuid.uuid4().hex}"
            await moment.execute(ASK, request, tenant, by.kind, by.id, by.role)
            doc = {"goes": figures.goes, "still_on_topics": _plain(figures.still_on_topics)}
            entry = Entry(
                tenant=tenant,
                action="tenant:erasure_asked",
                subject=tenant,
                by=by,
                why=why,
                doc=doc,
            )
            await record(moment, entry)

    async def work(self, tenant: str | None = None) -> int:
        """Carry out what was asked for, or go on where it stopped; gives how many merchants."""
        rows = await self.database.fetch(OPEN, tenant)
        for row in rows:
            await self._one(row["id"], row["tenant"], row["by_id"])
        return len(rows)

    async def _one(self, request: str, tenant: str, asked_by: str) -> None:
        at = await self.database.fetchval(AT, tenant)
        topics = await self._still(tenant, at)
        gone = await self.sweep(tenant)
        await destroy_all(self.database, tenant)
        said = {"gone": gone, "still_on_topics": _plain(topics), "asked_by": asked_by}
        async with self.database.transaction() as moment:
            if not await moment.fetch(DONE, request, msgspec.json.encode(said).decode()):
                return
            by = By(kind="system", id=HUB)
            await record(
                moment,
                Entry(tenant=tenant, action="tenant:erased", subject=tenant, by=by, doc=said),
            )

    async def sweep(self, tenant: str) -> dict[str, int]:
        """Take away whatever is sealed or was said of people; how many of each there were left."""
        async with self.database.transaction() as moment:
            gone = await _shut(moment, tenant)
        for one in SWEEPS:
            gone[one.what] = 0
            while rows := await self.database.fetch(one.sql, tenant):
                gone[one.what] += len(rows)
        if self.drop is not None:
            gone["files"] = await asyncio.to_thread(clear_all, self.drop, tenant)
        return gone

    async def late(self) -> int:
        """Sweep up what was being written while its merchant left; gives how much."""
        found = 0
        for row in await self.database.fetch(ERASED, SWEPT_DAYS):
            found += sum((await self.sweep(row["id"])).values())
        return found

    async def report(self, tenant: str) -> str | None:
        """What came of it, as JSON; None until it is done."""
        rows = await self.database.fetch(REPORT, tenant)
        return rows[0]["report"] if rows else None


async def _shut(queries: Queries, tenant: str) -> dict[str, int]:
    """Let nobody in any more; how many were let in until now."""
    ended = {}
    for what, sql in ACCESS.items():
        done: Any = await queries.execute(sql, tenant)
        ended[what] = int(done.rsplit(" ", 1)[-1])
    return ended


def _plain(topics: Sequence[Still]) -> list[dict[str, str]]:
    return [{"topic": one.topic, "until": one.until.isoformat()} for one in topics]


def leaver(eraser: Eraser, drop: Path | None) -> Leaver:
    """With the topics of whoever erases people."""
    sealed = [dead_letters(one.reads) for one in eraser.today.processors.values()]
    return Leaver(eraser.database, eraser.topics, sealed, drop)
