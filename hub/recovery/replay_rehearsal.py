"""What a replay would say: records translated by today's code, their events tried; nothing is written."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.adapters.kafka import Message, Peek
from hub.adapters.postgres import Database
from hub.audit.landings import Landing
from hub.intake.logged import logged
from hub.intake.meaning import Landed, Meaning, key_of, read
from hub.ledger.homes import REUSED
from hub.ledger.wire import payload_of
from hub.recovery.rehearsed import Count, Outcome
from hub.recovery.replays import Range, Span, ranges_of
from hub.recovery.snapshot import snapshot
from hub.recovery.spot import NotPossibleError, Spot
from hub.recovery.today import Today
from hub.recovery.trying import Records

PIECE = 500
"""Records that are tried on the rows of one moment, and on each other's effects."""
EDITED = """
select count(distinct (part, "offset")) from staff_action
 where topic = $1 and part = $2 and "offset" >= $3 and "offset" < $4 and verb = 'edit'
   and ($5::text is null or tenant = $5) and ($6::text is null or source = $6)
"""
STATES = """
select "offset", state, on_hold is not null or wanted = 'give_up' as is_kept from item
 where topic = $1 and part = $2 and "offset" >= $3 and "offset" < $4
"""
SAME, CORRECTION, NEW = "the same again", "correction", "new"
Paced = Callable[[float], Awaitable[None]]
"""Hears after each piece how far it is, from 0 to 1; what it raises ends the rehearsal."""


async def at_once(_progress: float) -> None:
    """Without a pause."""


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What a record would mean now, beside what had become of it."""

    spot: Spot
    tenant: str
    source: str
    was: str
    would_be: str
    reason: str
    events: tuple[str, ...]
    """What would become of each event, as in `sale.recorded.v1: the same again, deduplicated`."""


class ReplayRehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would do."""

    records: int
    more: bool
    """Whether the range has more records than were read."""
    outcomes: tuple[Count, ...]
    """Of records: what had become of them, and what would."""
    events: tuple[Count, ...]
    """Of events: corrections, the same again, new ones; and what would become of them."""
    warnings: tuple[str, ...]
    details: tuple[Meant, ...]


async def rehearse_replay(  # noqa: PLR0913 - what, where it stands, with what, and how much of it
    database: Database,
    peek: Peek,
    today: Today,
    span: Span,
    *,
    limit: int = 10_000,
    details: int = 0,
    size: int = PIECE,
    paced: Paced = at_once,
) -> ReplayRehearsed:
    """What a replay would say, of at most `limit` records of each partition, in pieces of `size`.

    Raises:
        NotPossibleError: nothing was translated in that time.

    """
    if span.topic not in today.raw:
        raise NotPossibleError(f"no connector that is installed here lands on {span.topic}")
    told, ranges = _Told(span, details), await ranges_of(database, peek, span)
    told.more = any(one.end - one.first > limit for one in ranges)
    pieces = [piece for one in ranges for piece in _pieces(one, limit, size)]
    for number, piece in enumerate(pieces, start=1):
        await _piece(database, peek, today, piece, told)
        await paced(number / len(pieces))
    return told.all()


def _pieces(one: Range, limit: int, size: int) -> list[Range]:
    end = min(one.end, one.first + limit)
    return [
        Range(partition=one.partition, first=first, end=min(end, first + size))
        for first in range(one.first, end, size)
    ]


async def _piece(database: Database, peek: Peek, today: Today, piece: Range, told: "_Told") -> None:
    topic, part = told.span.topic, piece.partition
    reading = peek.records(topic, part, piece.first, piece.end)
    found = [read(one.offset, payload_of(one), key_of(one)) async for one in reading]
    landed = [one for one in found if _is_asked(one, told.span)]
    async with snapshot(database) as moment:
        place = (topic, part, piece.first, piece.end)
        lines = await logged(moment, *place)
        items = {row["offset"]: row for row in await moment.fetch(STATES, *place)}
        whose = (told.span.tenant, told.span.source)
        told.edited += (await moment.fetch(EDITED, *place, *whose))[0]["count"]
        records = Records(today, moment, today.raw[topic])
        meanings = [await records.meaning(topic, part, one) for one in landed]
        outcomes = iter(await records.outcomes([m for one in meanings for m in _messages(one)]))
    for one, meaning in zip(landed, meanings, strict=True):
        mine = [next(outcomes) for _ in meaning.messages]
        told.take(part, one, meaning, _Before(lines.get(one.offset), items.get(one.offset)), mine)


def _messages(meaning: Meaning) -> list[tuple[str, Message]]:
    return [(lane[0], message) for lane, message in meaning.messages]


def _is_asked(one: Landed, span: Span) -> bool:
    return span.tenant in (None, one.tenant) and span.source in (None, one.source)


@dataclass(frozen=True, slots=True)
class _Before:
    """What is known of a record: the log's last line about it, and how it waits where it does."""

    line: Landing | None
    item: Any

    @property
    def outcome(self) -> str:
        """What had become of it."""
        if self.item is not None:
            return str(self.item["state"])
        return self.line.outcome if self.line else "unknown"

    @property
    def left(self) -> str:
        """To what a replay leaves it; empty where it takes it."""
        if self.outcome in ("retrying", "held"):
            # It is translated with today's mapping when its turn comes.
            return "left to its turn"
        return "left to a person" if self.item is not None and self.item["is_kept"] else ""

    def kind(self, event: Outcome, revision: int) -> str:
        """What an event of it is now."""
        events = self.line.events if self.line else ()
        if event.event_id in {one.id for one in events}:
            return SAME
        return CORRECTION if self.line and events and revision > self.line.revision else NEW


@dataclass(slots=True)
class _Told:
    """What was found out so far."""

    span: Span
    most: int
    more: bool = False
    edited: int = 0
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: list[Spot] = field(default_factory=list)
    details: list[Meant] = field(default_factory=list)

    def take(
        self, part: int, one: Landed, meaning: Meaning, before: _Before, events: Sequence[Outcome]
    ) -> None:
        """Count a record and its events."""
        spot = Spot(self.span.topic, part, one.offset)
        if before.left:
            self.records[before.outcome, before.left] += 1
            return
        would_be = f"{meaning.outcome} {meaning.code}".strip()
        self.records[before.outcome, would_be] += 1
        said = []
        for event in events:
            kind = before.kind(event, meaning.revision)
            self.events[kind, event.outcome] += 1
            said.append(f"{event.type}: {kind}, {event.outcome}")
        if any(event.outcome == "rejected" and REUSED in event.reason for event in events):
            self.changed.append(spot)
        if len(self.details) < self.most:
            self.details.append(
                Meant(
                    spot=spot,
                    tenant=one.tenant,
                    source=one.source,
                    was=before.outcome,
                    would_be=would_be,
                    reason=meaning.reason,
                    events=tuple(said),
                )
            )

    def all(self) -> ReplayRehearsed:
        """Everything, the most frequent first."""
        return ReplayRehearsed(
            records=self.records.total(),
            more=self.more,
            outcomes=_counts(self.records),
            events=_counts(self.events),
            warnings=tuple(self._warnings()),
            details=tuple(self.details),
        )

    def _warnings(self) -> list[str]:
        said = []
        if self.changed:
            said.append(
                f"{len(self.changed)} records, such as {self.changed[0]}, mean something else now though the"
                " revision is the same: their events would be refused as id_reused; raise the"
                " connector's `revision` first"
            )
        if self.edited:
            said.append(
                f"{self.edited} records of this time were edited by a person: a replay translates what landed,"
                " and so takes the edit back"
            )
        return said


def _counts(found: Counter[tuple[str, str]]) -> tuple[Count, ...]:
    return tuple(
        Count(was=was, would_be=then, items=items) for (was, then), items in found.most_common()
    )
