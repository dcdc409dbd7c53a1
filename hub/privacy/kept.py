"""Where else something of a person is kept sealed, and how it goes from there."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hub.access.keyring import SealError
from hub.adapters.postgres import Database
from hub.ledger import wire
from hub.ledger.wire import Payload, pack
from hub.privacy.people import Person
from hub.recovery.today import Today
from schemas.envelope import to_headers

PAGE = 200
TRIES = 20
WHY = "the person it speaks of was erased"

OF_PERSON = """
select topic, part, "offset", tenant, sealed, original, version from item
 where tenant = $1 and contacts && $2::text[] and received_at <= $3 and wanted is distinct from 'give_up'
 order by topic, part, "offset" limit $4
"""
# A raw record has no hashes: what it says is known only by reading it.
UNREAD = """
select topic, part, "offset", tenant, sealed, original, version from item
 where tenant = $1 and contacts = '{}' and received_at <= $2 and (topic, part, "offset") > ($3, $4, $5)
   and wanted is distinct from 'give_up' and length(sealed) > 0
 order by topic, part, "offset" limit $6
"""
WITHOUT = """
update item set sealed = $5, original = null, contacts = '{}', version = version + 1
 where topic = $1 and part = $2 and "offset" = $3 and version = $4 returning 1
"""
END = """
update item set sealed = '', original = null, contacts = '{}', error = null, version = version + 1,
       wanted = 'give_up', wanted_why = $5, wanted_by = 'hub', wanted_at = null, on_hold = null
 where topic = $1 and part = $2 and "offset" = $3 and version = $4 returning 1
"""
FETCHED = """
select topic, part, "offset", tenant, sealed from enrichment
 where tenant = $1 and (topic, part, "offset") > ($2, $3, $4) order by topic, part, "offset" limit $5
"""
FORGET = 'delete from enrichment where topic = $1 and part = $2 and "offset" = $3'
NOTES = """
select n, text from staff_action where tenant = $1 and text <> '' and n > $2 order by n limit $3
"""
BLOT = """
with blotted as (
  update staff_action set text = $2 where n = $1 returning n, tenant)
update trail t set reason = $2 from blotted b where t.log = 'staff' and t.n = b.n and t.line = 0
"""
# Of replays, bulks and wishes about items; those of all merchants are looked at, too.
REASONS = (
    *("replay.why", "raw_replay.why", "redrive.why", "delivery_replay.why"),
    *("item.on_hold", "item.wanted_why"),
)


class Items(NamedTuple):
    """What became of items that held a person."""

    kept: int
    ended: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one person until `at`; whatever is repeated finds less."""

    database: Database
    today: Today
    tenant: str
    person: Person
    at: datetime

    async def items(self) -> Items:
        """Have what waits go on without the person, or end it where that cannot be."""
        kept = ended = 0
        for _ in range(TRIES):
            values = self.tenant, list(self.person.hashes), self.at, PAGE
            rows = await self.database.fetch(OF_PERSON, *values)
            if not rows:
                break
            for row in rows:
                done = await without_person(self.database, self.today, row)
                kept, ended = kept + done.kept, ended + done.ended
        async for row in self._pages(UNREAD, self.tenant, self.at):
            bodies = [row["sealed"], *([row["original"]] if row["original"] else [])]
            if await self._speak(bodies, _value):
                ended += await _end(self.database, row)
        return Items(kept, ended)

    async def fetched(self) -> int:
        """Delete what was fetched about them; it is fetched again if it is needed again."""
        gone = 0
        async for row in self._pages(FETCHED, self.tenant):
            if await self._speak([row["sealed"]], bytes):
                await self.database.execute(FORGET, row["topic"], row["part"], row["offset"])
                gone += 1
        return gone

    async def notes(self) -> int:
        """Blot them out of what staff wrote, and of the line of the trail that shows it."""
        last = blotted = 0
        likeness = self.person.likeness
        while rows := await self.database.fetch(NOTES, self.tenant, last, PAGE):
            last = rows[-1]["n"]
            for row in rows:
                text = likeness.hidden(row["text"])
                if text != row["text"]:
                    await self.database.execute(BLOT, row["n"], text)
                    blotted += 1
        return blotted

    async def reasons(self) -> int:
        """Blot them out of why somebody wanted a replay, a bulk, or something of an item."""
        blotted, likeness = 0, self.person.likeness
        for place in REASONS:
            table, column = place.split(".")
            theirs = f"(tenant = $1 or tenant is null) and {column} is not null"
            sql = f"select distinct {column} as why from {table} where {theirs}"  # noqa: S608 - our own names
            blot = f"update {table} set {column} = $3 where {theirs} and {column} = $2 returning 1"  # noqa: S608 - our own names
            for row in await self.database.fetch(sql, self.tenant):
                why = likeness.hidden(row["why"])
                if why != row["why"]:
                    blotted += len(await self.database.fetch(blot, self.tenant, row["why"], why))
        return blotted

    async def _pages(self, sql: str, *values: object) -> AsyncIterator[Any]:
        after: tuple[object, ...] = ("", -1, -1)
        while rows := await self.database.fetch(sql, *values, *after, PAGE):
            after = tuple(rows[-1][name] for name in ("topic", "part", "offset"))
            for row in rows:
                yield row

    async def _speak(self, sealed: list[bytes], value: Callable[[bytes], bytes]) -> bool:
        """Whether any of these bodies tells of the person; `value` is what one says, once it is open."""
        for one in sealed:
            with suppress(SealError):
                body = await self.today.keyring.opened(self.tenant, one)
                if self.person.likeness.is_in(value(body)):
                    return True
        return False


def _value(body: bytes) -> bytes:
    """All that a kept record says."""
    payload = wire.unpack(body)
    return (payload.value or b"") or b"".join(value for _, value in payload.headers)


async def without_person(database: Database, today: Today, row: Any) -> Items:
    """One item goes on without its contact, or is ended by its owner where that cannot be."""
    try:
        body = await today.keyring.opened(row["tenant"], row["sealed"])
    except SealError:
        return Items(0, await _end(database, row))
    after = _stripped(today, row, wire.unpack(body))
    if after is None:
        return Items(0, await _end(database, row))
    sealed = today.keyring.seal(row["tenant"], pack(after))
    where = row["topic"], row["part"], row["offset"], row["version"]
    return Items(len(await database.fetch(WITHOUT, *where, sealed)), 0)


def _stripped(today: Today, row: Any, payload: Payload) -> Payload | None:
    """The same event without the person and without what no schema knows; None where there is none."""
    was = today.incoming(row["topic"], row["offset"], payload)
    if was.arrival is None or was.envelope is None:
        return None
    event = was.arrival.event
    headers = to_headers(was.envelope)
    ours = [h for h in payload.headers if h[0].startswith("hub-") and h[0] != wire.EDITED]
    after = msgspec.structs.replace(
        payload,
        headers=[*headers, *ours],
        value=event.fact.model_dump_json(exclude_none=True).encode(),
        customer=None,
        body_hash=event.body_hash,
    )
    now = today.incoming(row["topic"], row["offset"], after)
    return None if now.invalid else after


async def _end(database: Database, row: Any) -> int:
    where = row["topic"], row["part"], row["offset"], row["version"]
    return len(await database.fetch(END, *where, WHY))
