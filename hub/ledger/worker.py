"""A worker: the member of a group that decides what stands in the partitions it owns."""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from hub.access.keyring import Keyring
from hub.adapters.kafka import Feed, KafkaSettings, Outlet, Peek
from hub.adapters.postgres import Database
from hub.domain.fate import SCHEDULE
from hub.ledger import statement
from hub.ledger.breakers import Breakers
from hub.ledger.claim import Claimer
from hub.ledger.engine import Engine
from hub.ledger.member import Member
from hub.ledger.outside import Asking, Nobody, Outside
from hub.ledger.partition import BreakerTrippedError, Partition
from hub.ledger.patience import Patience
from hub.ledger.replies import Waker
from hub.ledger.search import Search
from hub.sdk.failures import DecideAgainError
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

BREAKER_PAUSE = 30.0


@dataclass(slots=True)
class Memory:
    """What a worker remembers of a partition from one claim to the next."""

    search: Search
    faults: int = 0


@dataclass(slots=True)
class Worker:
    """One member of a processor's group."""

    processor: Processor[Any]
    kafka: KafkaSettings
    database: Database
    keyring: Keyring
    metrics: Metrics
    batch: int
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    breaker_pause: float = BREAKER_PAUSE
    """Seconds until a stopped partition tries the event that tripped its breaker again."""
    schedule: Sequence[float] = SCHEDULE
    """Seconds before each next attempt at what is away."""
    release: str = ""
    """Of the hub."""
    asking: Asking | None = None
    """Who asks outside what decisions need, given the breakers of what is away."""
    member: Member[Partition] = field(init=False)
    _memories: dict[int, Memory] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Be a member that has joined nothing yet."""
        rests: dict[type[BaseException], float] = {
            DecideAgainError: 0.0,
            BreakerTrippedError: self.breaker_pause,
        }
        self.member = Member(self.processor.reads.name, self.metrics, rests)

    async def run(self) -> None:
        """Work until cancelled."""
        feed = Feed(self.kafka, self.processor.reads.name, f"hub.{self.processor.name}")
        sql = statement.build(self.processor)
        waker = Waker(self.kafka)
        breakers = Breakers(self.database)
        async with Peek(self.kafka) as peek, waker.running(), self._outside(breakers) as outside:
            engine = Engine(
                self.processor,
                self.database,
                feed,
                self.keyring,
                self.metrics,
                waker,
                self.batch,
                sql,
                Patience(breakers, self.schedule),
                self.release,
                outside,
            )
            claimer = Claimer(self.database, peek, self.processor, self.keyring, self.name)
            await self.member.run(feed, partial(self._claimed, engine, claimer))

    def _outside(self, breakers: Breakers) -> AbstractAsyncContextManager[Outside]:
        return nullcontext(Nobody()) if self.asking is None else self.asking(breakers)

    @asynccontextmanager
    async def _claimed(
        self, engine: Engine, claimer: Claimer, part: int, generation: int
    ) -> AsyncIterator[Partition]:
        memory = self._memories.setdefault(part, Memory(Search(self.batch)))
        claim = await claimer.claim(part, engine.feed.partition_count())
        if claim.went_back:
            topic, seq = engine.feed.topic, claim.standing.seq
            self.metrics.went_back.labels(topic, part).inc()
            log.error("postgres.went_back", topic=topic, partition=part, seq=seq)
        claim.standing.faults = memory.faults
        outlet = Outlet(self.kafka)
        try:
            claim.standing.letter = await claimer.catch_up(claim, outlet)
            partition = Partition(engine, claim, outlet, generation, memory.search)
            partition.posted = claim.standing.letter
            yield partition
        finally:
            memory.faults = claim.standing.faults
            await outlet.stop()
