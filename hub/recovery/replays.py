"""Translate once more what landed in a time: after a mend of a mapping, that corrects what was said."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.access.keyring import HUB
from hub.adapters.kafka import Peek, stamp_of
from hub.adapters.postgres import Database
from hub.recovery.actions import SAID
from hub.recovery.spot import NotPossibleError, reason_of

SKEW = timedelta(minutes=5)
"""So far the clocks of brokers may be apart, or one may step back, and a time still has all of its records."""
OWNERS = "select part, next_offset from landing_owner where topic = $1 order by part"
COLUMNS = (
    "n, topic, part as partition, from_offset, next_offset, to_offset, why, by, asked_at, done_at"
)
# It stands in the list of all that were asked for; its ranges are found already.
REPLAY = """
with own as (
  insert into replay (tenant, connector, topic, source, since, until, dry_run, why, by, state, ranges, begun_at)
  select coalesce(s.tenant, $7), $6, s.topic, s.source, s.since, s.until, false, $4, $5, 'working', $8::text::json,
         clock_timestamp()
    from json_to_record($9::text::json)
      as s(topic text, tenant text, source text, since timestamptz, until timestamptz)
  returning *),
{ranges},
said as ({said}
  select tenant, topic, null, null, '', '', coalesce(source, ''), by, 'replay', why, '', null, $9::text::json
    from own)
select * from asked order by partition
"""
RANGES = """
asked as (
  insert into raw_replay (topic, part, from_offset, next_offset, to_offset, tenant, source, why, by, replay)
  select own.topic, r.part, r.low, r.low, r.high, nullif(own.tenant, $7), own.source, own.why, own.by, own.n
    from own, unnest($1::int[], $2::bigint[], $3::bigint[]) r(part, low, high)
  returning {columns})"""
REPLAYS = """
select {columns} from raw_replay
 where case when $1::bigint[] is null then done_at is null else n = any($1) end order by n
"""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What landed on a raw topic from one moment until before another."""

    topic: str
    since: datetime
    until: datetime
    tenant: str | None = None
    """Of all tenants, where absent."""
    source: str | None = None


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Offsets of one partition, from `first` until before `end`."""

    partition: int
    first: int
    end: int


class Replaying(msgspec.Struct, frozen=True, kw_only=True):
    """A range that its owner translates again."""

    n: int
    topic: str
    partition: int
    from_offset: int
    next_offset: int
    to_offset: int
    why: str
    by: str
    asked_at: datetime
    done_at: datetime | None


async def replay(
    database: Database, peek: Peek, span: Span, why: str, *, by: str
) -> list[Replaying]:
    """Ask the owners to translate what landed between two moments once more.

    Raises:
        NotPossibleError: nothing was translated in that time, or no reason was given.

    """
    reason = reason_of(why, "a replay")
    ranges = await ranges_of(database, peek, span)
    rows = await database.fetch(
        REPLAY.format(ranges=RANGES.format(columns=COLUMNS), said=SAID),
        *bound(ranges),
        *(reason, by, connector_of(span.topic), HUB),
        *(msgspec.json.encode(ranges).decode(), msgspec.json.encode(span).decode()),
    )
    return [_replaying(row) for row in rows]


async def replaying(database: Database, numbers: list[int] | None = None) -> list[Replaying]:
    """How far replays are; those that are not done, where no number is given."""
    return [
        _replaying(row) for row in await database.fetch(REPLAYS.format(columns=COLUMNS), numbers)
    ]


async def ranges_of(database: Database, peek: Peek, span: Span) -> list[Range]:
    """The offsets of a time, as far as they were translated.

    All that landed in it is between them; so is, where a clock stepped back, what landed beside it.

    Raises:
        NotPossibleError: nothing was, or it ends before it begins.

    """
    if span.since > span.until:
        message = f"nothing lands from {span.since} until before {span.until}; turn them round"
        raise NotPossibleError(message)
    ranges = []
    for row in await database.fetch(OWNERS, span.topic):
        part, stands = row["part"], row["next_offset"]
        first = min(await offset_at(peek, span.topic, part, span.since), stands)
        end = min(await end_at(peek, span.topic, part, span.until), stands)
        if first < end:
            ranges.append(Range(partition=part, first=first, end=end))
    if not ranges:
        message = (
            f"nothing of {span.topic} that landed in that time was translated; widen the range"
        )
        raise NotPossibleError(message)
    return ranges


async def offset_at(peek: Peek, topic: str, part: int, moment: datetime) -> int:
    """The first offset of what landed at that moment or later. Kafka stamps what lands itself.

    A broker's clock may step back, so later offsets may have earlier stamps; none that comes before this
    one landed at that moment or later.
    """
    return await peek.stamped(topic, part, moment)


async def end_at(peek: Peek, topic: str, part: int, moment: datetime) -> int:
    """The offset after the last of what landed before that moment, within a skew of `SKEW`.

    What lands within that time of the moment is read, no more.
    """
    end = await peek.stamped(topic, part, moment)
    until = await peek.stamped(topic, part, moment + SKEW)
    stamp = stamp_of(moment)
    async for record in peek.records(topic, part, end, until):
        if record.timestamp < stamp:
            end = record.offset + 1
    return end


def bound(ranges: Sequence[Range]) -> tuple[list[int], list[int], list[int]]:
    """Ranges as `RANGES` takes them."""
    return (
        [one.partition for one in ranges],
        [one.first for one in ranges],
        [one.end for one in ranges],
    )


def connector_of(topic: str) -> str:
    """Whose raw topic it is."""
    return topic.removeprefix("raw.").removesuffix(".v1")


def _replaying(row: Any) -> Replaying:
    return Replaying(**dict(row))
