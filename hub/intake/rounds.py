"""A round of translation: what was read, what it became, and the one statement that says so."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hub.access.keyring import Keyring
from hub.access.sources import Source
from hub.adapters.kafka import Record
from hub.audit.landings import Landing, encode_lines
from hub.intake.meaning import ERROR, Landed, Lanes, Meaning, shown
from hub.ledger.claim import fingerprint
from hub.ledger.wire import pack

OUTCOMES = ("translated", "meaningless", "parked")
STEPPED_OVER = "stepped_over"

WRITE = """
with mine as (
  update landing_owner
     set next_offset = $5, translated = translated + $6, meaningless = meaningless + $7,
         parked = parked + $8, stepped_over = stepped_over + $9, events = events + $10,
         last_offset = coalesce($11, last_offset), last_record = coalesce($12, last_record)
   where topic = $1 and part = $2 and epoch = $3 and next_offset = $4 returning 1),
logged as (
  insert into landing (topic, part, epoch, from_offset, to_offset, body)
  select $1, $2, $3, $13, $14, $15 from mine where $15::bytea is not null),
kept as (
  insert into parked (topic, part, "offset", tenant, source, raw_id, code, reason, revision,
                      payload_hash, sealed, received_at)
  select $1, $2, p.* from mine, unnest($16::bigint[], $17::text[], $18::text[], $19::text[],
    $20::text[], $21::text[], $22::int[], $23::text[], $24::bytea[], $25::timestamptz[]) p
  on conflict (topic, part, "offset") do update
     set code = excluded.code, reason = excluded.reason, revision = excluded.revision,
         sealed = excluded.sealed, wanted = null, wanted_why = null),
settled as (
  delete from parked using mine where topic = $1 and part = $2 and "offset" = any($26::bigint[])),
replayed as (
  update raw_replay set next_offset = $28, done_at = case when $29 then clock_timestamp() end
    from mine where n = $27)
select count(*) from mine
"""


class Parked(NamedTuple):
    """A row of `parked`, in the order of the statement's columns."""

    offset: int
    tenant: str
    source: str
    raw_id: str
    code: str
    reason: str
    revision: int
    payload_hash: str
    sealed: bytes
    received_at: datetime


class Replayed(NamedTuple):
    """How far a replay is after a round."""

    n: int
    next_offset: int
    done: bool


@dataclass(slots=True)
class Round:
    """Records that are committed together."""

    from_offset: int
    """Where the partition stands before it; `to_offset` is where after."""
    to_offset: int
    lanes: Lanes = field(default_factory=dict)
    lines: list[Landing] = field(default_factory=list)
    kept: list[Parked] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    """Parked records that are parked no longer."""
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
        before: str = "",
    ) -> None:
        """Add a record; `before` is what had become of it earlier, where it had."""
        self.counts[meaning.outcome] += 1
        if before:
            self.counts[before] -= 1
        for lane, message in meaning.messages:
            self.lanes.setdefault(lane, []).append(message)
        self.events += len(meaning.messages)
        line = _line(landed, meaning, source)
        self.lines.append(line)
        if meaning.outcome == "parked":
            self.kept.append(_kept(landed, meaning, line, keyring))
        elif before == "parked":
            self.settled.append(landed.offset)

    def give_up(self, landed: Landed, why: str, source: Source | None) -> None:
        """End a parked record: it means nothing, because a person says so."""
        revision = source.revision if source else 0
        meaning = Meaning("meaningless", revision, reason=f"given up: {why}")
        self.counts["meaningless"] += 1
        self.counts["parked"] -= 1
        self.lines.append(_line(landed, meaning, source))
        self.settled.append(landed.offset)

    def values(self, topic: str, part: int, epoch: int) -> Iterable[object]:
        """The parameters of the statement."""
        columns = list(map(list, zip(*self.kept, strict=True))) or [[] for _ in Parked._fields]
        first, end = self.from_offset, self.to_offset
        if self.lines:
            first, end = self.lines[0].offset, self.lines[-1].offset + 1
        replayed = self.replayed or Replayed(-1, 0, done=False)
        return (
            *(topic, part, epoch, self.from_offset, self.to_offset),
            *(self.counts[name] for name in (*OUTCOMES, STEPPED_OVER)),
            self.events,
            self.last.offset if self.last else None,
            fingerprint(self.last) if self.last else None,
            *(first, end, encode_lines(self.lines) if self.lines else None),
            *columns,
            self.settled,
            *replayed,
        )


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
        payload=shown(landed, source),
        # What a fault says may quote the payload, so the log has its code alone.
        reason=meaning.code or meaning.reason,
        events=meaning.events,
        traceparent=envelope.traceparent if envelope else None,
        translated_at=datetime.now(UTC),
    )


def _kept(landed: Landed, meaning: Meaning, line: Landing, keyring: Keyring) -> Parked:
    headers = [header for header in landed.payload.headers if header[0] != ERROR]
    if meaning.error:
        headers.append((ERROR, meaning.error.encode("utf-8", "replace")))
    return Parked(
        offset=landed.offset,
        tenant=line.tenant,
        source=line.source,
        raw_id=line.raw,
        code=meaning.code,
        reason=meaning.reason,
        revision=meaning.revision,
        payload_hash=line.hash,
        sealed=keyring.seal(
            line.tenant, pack(msgspec.structs.replace(landed.payload, headers=headers))
        ),
        received_at=line.received_at,
    )
