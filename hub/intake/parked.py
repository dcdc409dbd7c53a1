"""Parked records, and ranges of a raw topic: list them, and ask their owner to try again or to end them.

Only a partition's owner writes what a record means. A tool writes what is `wanted`, and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog

from hub.access.keyring import Keyring
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.domain.errors import HubError
from hub.intake.meaning import ERROR
from hub.ledger.wire import unpack

log = structlog.get_logger()

LIST = """
select topic, part, "offset", tenant, source, raw_id, code, reason, revision, received_at, wanted,
       extract(epoch from clock_timestamp() - received_at)::float8 as age
  from parked
 where ($1::text is null or topic = $1) and ($2::text is null or tenant = $2)
   and ($3::text is null or source = $3) and ($4::text is null or code = $4)
   and ($5::bigint is null or "offset" = $5) and ($6::int is null or part = $6)
 order by topic, part, "offset" limit $7
"""
WANT = """
update parked set wanted = $4, wanted_why = $5 where topic = $1 and part = $2 and "offset" = $3
returning 1
"""
WANT_ALL = """
update parked set wanted = 'retry', wanted_why = $5
 where ($1::text is null or topic = $1) and ($2::text is null or tenant = $2)
   and ($3::text is null or source = $3) and ($4::text is null or code = $4)
"""
SEALED = 'select tenant, sealed from parked where topic = $1 and part = $2 and "offset" = $3'
OWNERS = "select part, next_offset from landing_owner where topic = $1 order by part"
REPLAY = """
insert into raw_replay (topic, part, next_offset, to_offset, why) values ($1, $2, $3, $4, $5)
"""
SKIP = """
with before as (
  select * from landing_owner where topic = $1 and part = $2 and next_offset < $3 for update),
own as (
  update landing_owner o
     set epoch = o.epoch + 1, stepped_over = o.stepped_over + $3 - before.next_offset,
         next_offset = $3, claimed_by = null
    from before where o.topic = before.topic and o.part = before.part
  returning before.next_offset)
select next_offset from own
"""


class NotParkedError(HubError):
    """What was asked cannot be done; the message says what can."""


class Spot(NamedTuple):
    """One offset of one partition."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which parked records; what is None does not matter."""

    topic: str | None = None
    tenant: str | None = None
    source: str | None = None
    code: str | None = None
    offset: int | None = None
    part: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A record that could not be translated."""

    topic: str
    part: int
    offset: int
    tenant: str
    source: str
    raw_id: str
    code: str
    reason: str
    revision: int
    received_at: datetime
    wanted: str | None
    age: float

    @property
    def spot(self) -> Spot:
        """Where it landed."""
        return Spot(self.topic, self.part, self.offset)


@dataclass(frozen=True, slots=True)
class Span:
    """What landed on a topic from one moment until before another."""

    topic: str
    since: datetime
    until: datetime


async def list_parked(database: Database, where: Filter | None = None) -> list[ParkedRecord]:
    """Parked records in the order of their offsets."""
    w = where or Filter()
    values = (w.topic, w.tenant, w.source, w.code, w.offset, w.part, w.limit)
    return [ParkedRecord(**dict(row)) for row in await database.fetch(LIST, *values)]


async def explain(database: Database, keyring: Keyring, spot: Spot) -> tuple[ParkedRecord, str]:
    """A parked record, and the traceback of our own fault where it met one.

    Raises:
        NotParkedError: there is no such record.

    """
    where = Filter(topic=spot.topic, part=spot.partition, offset=spot.offset)
    found = await list_parked(database, where)
    if not found:
        raise _gone(spot)
    row = await database.fetchrow(SEALED, *spot)
    if row is None:
        raise _gone(spot)
    headers = dict(unpack(keyring.open(row["tenant"], row["sealed"])).headers)
    return found[0], headers.get(ERROR, b"").decode()


async def retry(database: Database, spot: Spot, why: str) -> None:
    """Ask the owner to translate a parked record again.

    Raises:
        NotParkedError: there is no such record.

    """
    if await database.fetchval(WANT, *spot, "retry", why.strip()) is None:
        raise _gone(spot)


async def retry_all(database: Database, where: Filter, why: str) -> int:
    """Ask the owners to translate these again; gives how many. `limit` does not count."""
    values = (where.topic, where.tenant, where.source, where.code, why.strip())
    return int((await database.execute(WANT_ALL, *values)).split()[-1])


async def give_up(database: Database, spot: Spot, why: str) -> None:
    """Ask the owner to end a record untranslated; the reason stands in the log for ever.

    Raises:
        NotParkedError: there is no such record, or no reason was given.

    """
    if not why.strip():
        message = "giving up a record needs a reason: it will never be translated"
        raise NotParkedError(message)
    if await database.fetchval(WANT, *spot, "give_up", why.strip()) is None:
        raise _gone(spot)


async def replay(
    database: Database, peek: Peek, span: Span, why: str
) -> Mapping[int, tuple[int, int]]:
    """Ask the owners to translate what landed between two moments once more; gives the offsets.

    Raises:
        NotParkedError: nothing was translated in that time, or no reason was given.

    """
    if not why.strip():
        raise NotParkedError(
            "a replay needs a reason: what it says anew stands in the log for ever"
        )
    ranges: dict[int, tuple[int, int]] = {}
    topic = span.topic
    for row in await database.fetch(OWNERS, topic):
        part, stands = row["part"], row["next_offset"]
        first = min(await offset_at(peek, topic, part, span.since), stands)
        end = min(await offset_at(peek, topic, part, span.until), stands)
        if first < end:
            ranges[part] = (first, end)
    if not ranges:
        message = f"nothing of {topic} that landed in that time was translated; widen the range"
        raise NotParkedError(message)
    rows = [(topic, part, *offsets, why.strip()) for part, offsets in ranges.items()]
    await database.executemany(REPLAY, rows)
    return ranges


async def offset_at(peek: Peek, topic: str, part: int, moment: datetime) -> int:
    """The first offset of what landed at that moment or later. Kafka stamps what lands itself."""
    low, high = await peek.bounds(topic, part)
    stamp = moment.timestamp() * 1000
    while low < high:
        middle = (low + high) // 2
        record = await peek.record(topic, part, middle)
        if record is None or record.timestamp >= stamp:
            high = middle
        else:
            low = record.offset + 1
    return low


async def skip(database: Database, peek: Peek, to: Spot, why: str) -> int:
    """Let a partition go on at `to` after retention removed what was never translated; gives how many.

    Raises:
        NotParkedError: it would pass records that can be translated, or no reason was given.

    """
    if not why.strip():
        raise NotParkedError("skipping needs a reason: what is skipped will never be translated")
    first, _ = await peek.bounds(to.topic, to.partition)
    if to.offset > first:
        message = (
            f"{to.topic}[{to.partition}] keeps everything from {first} on, so skipping to {to.offset} "
            f"would lose records that can be translated; skip to {first}"
        )
        raise NotParkedError(message)
    before = await database.fetchval(SKIP, *to)
    if before is None:
        message = (
            f"{to.topic}[{to.partition}] stands at {to.offset} or after it; nothing is to skip"
        )
        raise NotParkedError(message)
    log.warning("raw.skipped", topic=to.topic, from_offset=before, to_offset=to.offset, why=why)
    return to.offset - int(before)


def _gone(spot: Spot) -> NotParkedError:
    return NotParkedError(f"{spot} is not parked; `hub parked list` shows what is")
