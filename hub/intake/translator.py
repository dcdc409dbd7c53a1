"""A translator: the member of a group that translates what has landed in the partitions it owns."""

import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from hub.access.keyring import Keyring
from hub.access.sources import Sources
from hub.adapters.kafka import Feed, KafkaSettings, Outlet, Peek
from hub.adapters.postgres import Database
from hub.domain.fate import SCHEDULE
from hub.intake.claims import Claimer
from hub.intake.enriching import REQUEST_SECONDS, Enricher
from hub.intake.gate import Gate
from hub.intake.lane import Lane
from hub.intake.lines import Lines
from hub.intake.meaning import Target
from hub.intake.translation import Engine
from hub.ledger.breakers import Breakers
from hub.ledger.member import Member
from hub.ledger.patience import Patience
from hub.ledger.queues import Queues
from hub.sdk.failures import DecideAgainError
from hub.telemetry.metrics import Metrics
from schemas.topics import Topic


@dataclass(slots=True)
class Translator:
    """One member of a connector's group."""

    connector: str
    reads: Topic
    targets: Mapping[str, Target]
    """By type of fact."""
    kafka: KafkaSettings
    database: Database
    sources: Sources
    keyring: Keyring
    metrics: Metrics
    batch: int
    schedule: Sequence[float] = SCHEDULE
    """Seconds before each next attempt at what is away."""
    release: str = ""
    """Of the hub."""
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    member: Member[Lane] = field(init=False)

    def __post_init__(self) -> None:
        """Be a member that has joined nothing yet."""
        self.member = Member(self.reads.name, self.metrics, {DecideAgainError: 0.0})

    async def run(self) -> None:
        """Work until cancelled."""
        feed = Feed(self.kafka, self.reads.name, f"hub.translate.{self.connector}")
        async with (
            Peek(self.kafka) as peek,
            aclosing(Lines(REQUEST_SECONDS)) as lines,
            aclosing(self._enricher(lines)) as enricher,
        ):
            intakes = sorted({target.topic for target in self.targets.values()})
            gates = [Gate(topic, self.database, peek, self.metrics) for topic in intakes]
            engine = Engine(
                self.connector,
                self.database,
                feed,
                peek,
                self.sources,
                self.keyring,
                self.targets,
                gates,
                self.metrics,
                self.batch,
                Patience(enricher.breakers, self.schedule),
                enricher,
                self.release,
            )
            claimer = Claimer(self.database, peek, self.reads.name, self.name)
            await self.member.run(feed, partial(self._claimed, engine, claimer))

    def _enricher(self, lines: Lines) -> Enricher:
        breakers = Breakers(self.database)
        return Enricher(self.reads.name, self.database, self.keyring, lines, breakers)

    @asynccontextmanager
    async def _claimed(
        self, engine: Engine, claimer: Claimer, part: int, generation: int
    ) -> AsyncIterator[Lane]:
        claim = await claimer.claim(part)
        queues = await Queues.load(self.database, self.reads.name, part)
        outlet = Outlet(self.kafka)
        try:
            yield Lane(engine, claim, outlet, generation, queues)
        finally:
            await outlet.stop()
