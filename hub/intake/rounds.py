"""A round of translation: what was read, what it became, and the one statement that says so."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

import msgspec

from hub.access.keyring import Keyring
from hub.access.sources import Source
from hub.adapters.kafka import Record
from hub.audit.landings import Landing, encode_lines
from hub.intake.meaning import ERROR, KEY, Landed, Lanes, Meaning, shown
from hub.ledger import items
from hub.ledger.claim import fingerprint
from hub.ledger.items import ItemGone, ItemRow
from hub.ledger.values import Values
from hub.ledger.wire import pack

OUTCOMES = ("translated", "meaningless", "parked", "retrying", "held")
WAITING = ("parked", "retrying", "held")
"""Those that are items, and may become something else."""
STEPPED_OVER = "stepped_over"
SPAN = 5_000
"""Offsets that a row of the log may cover, so that what became of a record is found beside them."""


def _statement() -> str:
    """One statement a round. It gives 0 where another translator owns the partition."""
    values = Values()
    topic, part, epoch, expected, to = (
        values.next(cast) for cast in ("text", "int", "bigint", "bigint", "bigint")
    )
    counted = ", ".join(
        f"{name} = {name} + {values.next('bigint')}" for name in (*OUTCOMES, STEPPED_OVER, "events")
    )
    last_offset, last_record = values.next("bigint"), values.next("text")
    log = ", ".join(values.next(cast) for cast in ("bigint[]", "bigint[]", "bytea[]"))
    written = items.pieces(values)
    n, onwards, done = (values.next(cast) for cast in ("bigint", "bigint", "boolean"))
    puts, gone = values.next("bigint"), values.next("bigint")
    return f"""with own as (
  update landing_owner
     set next_offset = {to}, {counted}, last_offset = coalesce({last_offset}, last_offset),
         last_record = coalesce({last_record}, last_record)
   where topic = {topic} and part = {part} and epoch = {epoch} and next_offset = {expected} returning 1),
logged as (
  insert into landing (topic, part, epoch, from_offset, to_offset, body)
  select {topic}, {part}, {epoch}, l.* from own, unnest({log}) as l),
{written},
replayed as (
  -- Who stopped it meanwhile is not to be overruled.
  update raw_replay
     set next_offset = {onwards}, done_at = coalesce(done_at, case when {done} then clock_timestamp() end)
    from own where n = {n})
select case
  when (select count(*) from own) = 0 then 0
  when (select count(*) from {items.PUT}) <> {puts} or (select count(*) from {items.GONE}) <> {gone}
    then hub_raise('HB002', 'an item moved under its owner')
  else 1 end"""


WRITE = _statement()


class Replayed(NamedTuple):
    """How far a replay is after a round."""

    n: int
    next_offset: int
    done: bool


class Before(NamedTuple):
    """What had become of a record when it was looked at last."""

    outcome: str = ""
    version: int = 0
    """Of its item, where it is one."""


NEW = Before()


@dataclass(slots=True)
class Round:
    """Records that are committed together."""

    from_offset: int
    """Where the partition stands before it; `to_offset` is where after."""
    to_offset: int
    lanes: Lanes = field(default_factory=dict)
    lines: list[Landing] = field(default_factory=list)
    items: dict[int, ItemRow | ItemGone] = field(default_factory=dict)
    telling: list[ItemGone] = field(default_factory=list)
    """Those of the items whose events are published before they are gone."""
    counts: Counter[str] = field(default_factory=Counter)
    """What is added to each counter; a record that moves from one to another takes it from there."""
    events: int = 0
    last: Record | None = None
    replayed: Replayed | None = None
    oldest_ms: int | None = None

    def take(
        self,
        landed: Landed,
        meaning: Meaning,
        source: Source | None,
        keyring: Keyring,
        before: Before = NEW,
    ) -> None:
        """Add a record; `before` is what had become of it earlier, where it had."""
        self._count(meaning.outcome, before)
        for lane, message in meaning.messages:
            self.lanes.setdefault(lane, []).append(message)
        self.events += len(meaning.messages)
        line = _line(landed, meaning, source)
        self.lines.append(line)
        if meaning.outcome in WAITING:
            row = _item(landed, meaning, line, keyring)
            self.items[landed.offset] = replace(row, version=before.version + 1)
        elif before.outcome in WAITING:
            gone = ItemGone(landed.offset, before.version)
            self.items[landed.offset] = gone
            self.telling += [gone] if meaning.messages else []

    def give_up(self, landed: Landed, why: str, source: Source | None, before: Before) -> None:
        """End a record that waits: it means nothing, because a person says so."""
        revision = source.revision if source else 0
        meaning = Meaning("meaningless", revision, reason=f"given up: {why}")
        self._count(meaning.outcome, before)
        self.lines.append(_line(landed, meaning, source))
        self.items[landed.offset] = ItemGone(landed.offset, before.version)

    def _count(self, outcome: str, before: Before) -> None:
        self.counts[outcome] += 1
        if before.outcome:
            self.counts[before.outcome] -= 1

    def values(self, topic: str, part: int, epoch: int, release: str) -> Iterable[object]:
        """The parameters of the statement."""
        puts = [item for item in self.items.values() if isinstance(item, ItemRow)]
        gone = [item for item in self.items.values() if isinstance(item, ItemGone)]
        return (
            *(topic, part, epoch, self.from_offset, self.to_offset),
            *(self.counts[name] for name in (*OUTCOMES, STEPPED_OVER)),
            self.events,
            self.last.offset if self.last else None,
            fingerprint(self.last) if self.last else None,
            *self._log(),
            *items.bind(topic, part, release, puts, gone),
            *(self.replayed or Replayed(-1, 0, done=False)),
            *(len(puts), len(gone)),
        )

    def _log(self) -> tuple[list[int], list[int], list[bytes]]:
        """The lines in pieces that each cover few offsets: from, until before, and the lines."""
        lines = sorted(self.lines, key=lambda line: line.offset)
        pieces = [list(piece) for _, piece in groupby(lines, lambda line: line.offset // SPAN)]
        first, end = [one[0].offset for one in pieces], [one[-1].offset + 1 for one in pieces]
        return first, end, [encode_lines(one) for one in pieces]


def _line(landed: Landed, meaning: Meaning, source: Source | None) -> Landing:
    envelope = landed.envelope
    raw_id = landed.raw_id
    return Landing(
        offset=landed.offset,
        raw=raw_id,
        tenant=landed.tenant,
        source=landed.source,
        connector=source.connector.name if source else landed.source,
        correlation=(envelope.correlationid if envelope else None) or raw_id,
        received_at=envelope.time if envelope else landed.payload.received_at,
        hash=landed.digest,
        size=len(landed.payload.value or b""),
        outcome=meaning.outcome,
        revision=meaning.revision,
        payload=shown(landed, source, meaning),
        # What a fault says may quote the payload, so the log has its code alone.
        reason=meaning.code or meaning.reason,
        events=meaning.events,
        traceparent=envelope.traceparent if envelope else None,
        translated_at=datetime.now(UTC),
    )


def _item(landed: Landed, meaning: Meaning, line: Landing, keyring: Keyring) -> ItemRow:
    headers = [header for header in landed.payload.headers if header[0] not in (ERROR, KEY)]
    headers.append((KEY, landed.key.encode()))
    if meaning.error:
        headers.append((ERROR, meaning.error.encode("utf-8", "replace")))
    kept = pack(msgspec.structs.replace(landed.payload, headers=headers))
    return ItemRow(
        offset=landed.offset,
        # What is parked waits for a person, who may take days: nothing waits behind it.
        home=None if meaning.outcome == "parked" else landed.key or None,
        state=meaning.outcome,
        tenant=line.tenant,
        event_id=line.raw,
        type=landed.envelope.type if landed.envelope else "",
        attempt=meaning.attempt,
        delay=meaning.delay,
        reason=meaning.reason,
        sealed=keyring.seal(line.tenant, kept),
        received_at=line.received_at,
        source=line.source,
        code=meaning.code,
        revision=meaning.revision,
        hash=line.hash,
        correlation=line.correlation,
        dependency=meaning.dependency,
    )
