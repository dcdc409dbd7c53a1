"""What Kafka and the ledger say of each record, read without the trail, and what a trace lacks of it."""

import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.trail.way import EventWay, Trace

WAITING = frozenset({"early", "held", "retrying", "dead_lettered"})
Spot = tuple[str, int, int]
"""Topic, partition and offset."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as it stands on an intake topic or a raw one."""

    spot: Spot
    id: str
    correlation: str
    tenant: str
    type: str
    is_raw: bool
    raw: str | None
    request: str | None
    hash: str
    size: int


@dataclass(slots=True)
class Witness:
    """Everything that a trace is held against."""

    intake: str
    raw: str
    status: str
    sent: list[Sent] = field(default_factory=list)
    published: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By the id of a status event, its partition and seq."""
    outcomes: dict[Spot, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What the ledger says of each record, in order."""
    waiting: dict[str, set[Spot]] = field(default_factory=lambda: defaultdict(set))
    """Records that are not decided for good, by tenant and correlation."""
    parked: dict[str, str] = field(default_factory=dict)
    """The last word about each raw record, by its id."""

    requests: set[str] = field(default_factory=set)
    """Those that are kept: a file's are forgotten once its lines are answered."""

    async def read(self, peek: Peek, database: Database, partitions: int) -> None:
        """Read both kinds of topics, the status topic and the two logs to their ends."""
        for part in range(partitions):
            async for record in _records(peek, self.intake, part):
                self.sent.append(_sent(self.intake, part, record, is_raw=False))
            async for record in _records(peek, self.raw, part):
                self.sent.append(_sent(self.raw, part, record, is_raw=True))
            async for record in _records(peek, self.status, part):
                headers = dict(record.headers)
                place = part, int(headers["hub-seq"])
                self.published.setdefault(headers["ce_id"].decode(), place)
        for row in await database.fetch("select * from ledger where kind = 'batch' order by n"):
            for line in row["body"].splitlines():
                self._decided(row, json.loads(line))
        self.requests = {row["id"] for row in await database.fetch("select id from request")}
        for row in await database.fetch("select body from landing order by n"):
            for line in row["body"].splitlines():
                one = json.loads(line)
                self.parked[one["raw"]] = one["outcome"]

    def _decided(self, row: Any, one: Mapping[str, Any]) -> None:
        spot = row["topic"], row["part"], one["offset"]
        self.outcomes[spot].append(one["outcome"])
        open_now = self.waiting[one.get("correlationid") or one["event"]]
        (open_now.add if one["outcome"] in WAITING else open_now.discard)(spot)

    def lacks(self, sent: Sent, trace: Trace | None) -> list[str]:
        """What the trace of a record should show and does not; empty where it is whole."""
        if trace is None:
            return ["there is no trace"]
        shown = self._of_raw(sent, trace) if sent.is_raw else self._of_event(sent, trace)
        return [*shown, *self._whole(trace)]

    def _of_raw(self, sent: Sent, trace: Trace) -> Iterator[str]:
        here = [one for one in trace.landed if (one.topic, one.part, one.offset) == sent.spot]
        if not here:
            yield "it does not show as landed"
        for one in here:
            if (one.raw, one.hash, one.size) != (sent.id, sent.hash, sent.size):
                yield "what landed is not what was sent"
            if one.translated_at < one.received_at:
                yield "it was translated before it came"
            known = {event.id for event in trace.events}
            yield from (f"{e.id} is not decided" for e in one.events if e.id not in known)

    def _of_event(self, sent: Sent, trace: Trace) -> Iterator[str]:
        mine = [event for event in trace.events if event.id == sent.id]
        if len(mine) != 1:
            yield f"it stands in it {len(mine)} times"
            return
        here = [d for d in mine[0].decisions if (d.topic, d.part, d.offset) == sent.spot]
        if [decided.outcome for decided in here] != self.outcomes[sent.spot]:
            yield "what the ledger says of it is not what is shown"
        if sent.raw and sent.raw not in {one.raw for one in trace.landed}:
            yield f"the payload {sent.raw} that it was made of is missing"
        asked = sent.request in self.requests
        if asked and sent.request not in {one.id for one in trace.requests}:
            yield f"request {sent.request} is missing"

    def _whole(self, trace: Trace) -> Iterator[str]:
        if not trace.complete:
            yield "it says that it is not complete"
        parked = sum(self.parked.get(raw) == "parked" for raw in {one.raw for one in trace.landed})
        if len(trace.open) != len(self.waiting[trace.correlation]) + parked:
            yield f"what is to come is not what waits: {trace.open}"
        if any(one.outcome is None for one in trace.requests):
            yield "a request is not answered"
        for event in trace.events:
            yield from self._event(event, {one.id for one in trace.events})
        timed = [stage.at for stage in trace.stages if stage.at is not None]
        if timed != sorted(timed):
            yield "its stages are not in order"

    def _event(self, event: EventWay, known: set[str]) -> Iterator[str]:
        if event.id.startswith("ltr_") and event.caused_by not in known:
            yield f"nothing caused the letter {event.id}"
        for said in (said for decided in event.decisions for said in decided.said):
            if self.published.get(said.id) != (said.part, said.seq):
                yield f"{said.id} is not on the status topic as shown"
            if not said.acknowledged:
                yield f"{said.id} does not show as published"
            if not said.projected or not all(view.shown for view in said.projected):
                yield f"{said.id} does not show as projected"


async def _records(peek: Peek, topic: str, part: int) -> AsyncIterator[Any]:
    first, end = await peek.bounds(topic, part)
    async for record in peek.records(topic, part, first, end):
        yield record


def _sent(topic: str, part: int, record: Any, *, is_raw: bool) -> Sent:
    headers = {name: value.decode() for name, value in record.headers}
    value = record.value or b""
    return Sent(
        spot=(topic, part, record.offset),
        id=headers["ce_id"],
        correlation=headers.get("ce_correlationid") or headers["ce_id"],
        tenant=headers["ce_tenant"],
        type=headers["ce_type"],
        is_raw=is_raw,
        raw=headers.get("hub-raw"),
        request=headers.get("hub-request"),
        hash=hashlib.sha256(value).hexdigest(),
        size=len(value),
    )
