"""Trying what waits: events in their homes, raw records by translating them and trying what they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.access.sources import ONE, Source
from hub.adapters.kafka import Message
from hub.adapters.postgres import Queries
from hub.domain.errors import UnavailableError
from hub.intake.enriching import needed
from hub.intake.fetched import stored
from hub.intake.meaning import Landed, Meaning, Missing, Target, read, translate
from hub.ledger.due import stored as stored_item
from hub.ledger.wire import Incoming, Payload
from hub.recovery.chain import was
from hub.recovery.rehearsed import STAYS, Outcome, Rehearsed
from hub.recovery.spot import Spot
from hub.recovery.stage import Stage, stage_of
from hub.recovery.today import Today

NOT_FETCHED = (
    "what it needs from outside was never fetched, and a rehearsal asks nobody; redrive it"
)


@dataclass(slots=True)
class Events:
    """Tries events of one processor."""

    today: Today
    stage: Stage

    async def attempt(self, row: Any, behind: int) -> Rehearsed:
        """What would become of an event that nothing stands before."""
        topic, offset = row["topic"], row["offset"]
        payload = await self.today.opened(row["tenant"], row["sealed"])
        incoming = self.today.incoming(topic, offset, payload)
        outcome = await self.stage.retry(stored_item(row), incoming, behind)
        return _rehearsed(row, outcome.outcome, outcome.code, outcome.reason, (outcome,))

    def makes_way(self, one: Rehearsed) -> bool:
        """Only what leaves the list."""
        return one.outcome not in STAYS


@dataclass(slots=True)
class Records:
    """Tries raw records of one connector, and the events that they would mean."""

    today: Today
    queries: Queries
    connector: str
    stages: dict[str, Stage] = field(default_factory=dict)
    _sources: dict[tuple[str, str], Source | None] = field(default_factory=dict)
    _number: int = 0

    async def attempt(self, row: Any, behind: int) -> Rehearsed:  # noqa: ARG002 - as for events
        """What would become of a record, whatever stands behind it."""
        payload = await self.today.opened(row["tenant"], row["sealed"])
        landed = read(row["offset"], payload, row["home"] or "")
        meaning = await self.meaning(row["topic"], row["part"], landed)
        events = [await self._event(lane[0], message) for lane, message in meaning.messages]
        return _rehearsed(row, meaning.outcome, meaning.code, meaning.reason, tuple(events))

    def makes_way(self, one: Rehearsed) -> bool:
        """What is parked waits alone."""
        return one.outcome not in ("retrying", "held")

    async def meaning(self, topic: str, part: int, landed: Landed) -> Meaning:
        """What a record means today; what it needed from outside is what was fetched then."""
        source = await self.source(landed)
        await self._enrich(topic, part, landed, source)
        if landed.lacks is not None and isinstance(landed.lacks.error, UnavailableError):
            revision = source.revision if source else 0
            return Meaning("retrying", revision, "not_fetched", NOT_FETCHED)
        return translate(landed, source, self.connector, await self._targets())

    async def source(self, landed: Landed) -> Source | None:
        """The source of a record as it is set now."""
        if landed.envelope is None:
            return None
        key = (landed.tenant, landed.source)
        if key not in self._sources:
            rows = await self.queries.fetch(ONE, *key)
            self._sources[key] = self.today.sources.ready(rows[0]) if rows else None
        return self._sources[key]

    async def outcomes(self, messages: Sequence[tuple[str, Message]]) -> list[Outcome]:
        """What would become of many events, given with their topics, in their order."""
        told: dict[int, Outcome] = {}
        for topic in dict.fromkeys(topic for topic, _ in messages):
            numbers = [n for n, (other, _) in enumerate(messages) if other == topic]
            incoming = [self._incoming(topic, messages[n][1]) for n in numbers]
            outcomes = await (await self._stage(topic)).take_all(incoming)
            told |= dict(zip(numbers, outcomes, strict=True))
        return [told[n] for n in range(len(messages))]

    async def _event(self, topic: str, message: Message) -> Outcome:
        return await (await self._stage(topic)).take(self._incoming(topic, message))

    def _incoming(self, topic: str, message: Message) -> Incoming:
        self._number += 1
        payload = Payload(list(message.headers), message.value, datetime.now(UTC))
        return self.today.incoming(topic, self._number, payload)

    async def _stage(self, topic: str) -> Stage:
        if topic not in self.stages:
            processor = self.today.processors[topic]
            self.stages[topic] = await stage_of(self.queries, processor, self.today.keyring)
        return self.stages[topic]

    async def _targets(self) -> Mapping[str, Target]:
        return {
            fact.TYPE: Target(topic, (await self._stage(topic)).partitions)
            for topic, processor in self.today.processors.items()
            for fact in processor.consumes
        }

    async def _enrich(self, topic: str, part: int, landed: Landed, source: Source | None) -> None:
        try:
            if needed(landed, source) is None:
                return
        except Exception as error:  # noqa: BLE001 - a connector's fault parks the record, here as there
            landed.lacks = Missing(error)
            return
        found = await stored(self.queries, self.today.keyring, topic, part, [landed])
        if landed.offset in found:
            landed.enriched = found[landed.offset]
        else:
            landed.lacks = Missing(UnavailableError(NOT_FETCHED))


def _rehearsed(
    row: Any, outcome: str, code: str, reason: str, events: tuple[Outcome, ...]
) -> Rehearsed:
    return Rehearsed(
        spot=Spot(row["topic"], row["part"], row["offset"]),
        event_id=row["event_id"],
        was=was(row),
        outcome=outcome,
        code=code,
        reason=reason,
        events=events,
    )
