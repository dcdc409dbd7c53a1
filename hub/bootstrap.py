"""The composition root: the only place where clients, workers and servers are built."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from hub import registry
from hub.access.keyring import Keyring
from hub.adapters.kafka import Peek
from hub.adapters.postgres import BY_INDEX, Database, connect
from hub.domain.errors import HubError
from hub.ledger.projector import Projector
from hub.ledger.worker import Worker
from hub.recovery.doctor import Installation, production_refusals
from hub.recovery.verify import Verifier
from hub.recovery.watch import Watch
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.sdk.processor import Processor
from hub.settings import Settings
from hub.telemetry.http import Ready, health_server
from hub.telemetry.logging import configure_logging
from hub.telemetry.metrics import Metrics
from schemas import topics
from schemas.catalogue import FACTS

log = structlog.get_logger()

AWAY = (StoreUnavailableError, BrokerUnavailableError)
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
HEALTHY_SECONDS = 60.0

Serve = Callable[[Ready], None]
"""Says whom `/readyz` asks from now on."""


class RefusedToStartError(HubError):
    """The production profile does not run on what may lose acknowledged data."""


def keyring(settings: Settings) -> Keyring:
    """The installation's keys."""
    return Keyring(settings.master_key.get_secret_value().encode())


@asynccontextmanager
async def database(
    settings: Settings, *, size: int = 8, session: dict[str, str] | None = None
) -> AsyncIterator[Database]:
    """A pool that is closed afterwards."""
    opened = await connect(settings.postgres.get_secret_value(), size=size, settings=session)
    try:
        yield opened
    finally:
        await opened.close()


def installation(settings: Settings) -> Installation:
    """What the doctor looks at."""
    return Installation(
        kafka=settings.kafka_settings(),
        postgres=settings.postgres.get_secret_value(),
        keyring=keyring(settings),
        partitions=settings.partitions,
        topics=topics.ALL,
        replication=settings.replication,
        intake=[processor.reads for processor in registry.processors().values()],
        production=settings.profile == "production",
        allow_asynchronous_postgres=settings.allow_asynchronous_postgres,
    )


@asynccontextmanager
async def verifier(settings: Settings, name: str) -> AsyncIterator[Verifier]:
    """The check of one processor's ledger, rows and topics."""
    processor = registry.processor(name)
    follows = [p for p in registry.projections().values() if p.reads == processor.writes]
    async with database(settings, size=4) as db, Peek(settings.kafka_settings()) as peek:
        yield Verifier(db, peek, processor, follows)


async def process(settings: Settings, name: str) -> None:
    """Run the worker of a processor until asked to stop."""
    processor, metrics = registry.processor(name), Metrics()

    async def work(serve: Serve) -> None:
        async with database(settings, size=settings.partitions + 4, session=BY_INDEX) as db:
            await _check_production(settings, db)
            worker = Worker(
                processor, settings.kafka_settings(), db, keyring(settings), metrics, settings.batch
            )
            serve(worker.ready)
            async with _watched(settings, processor, db, metrics):
                await worker.run()

    await run_until_stopped(settings, f"process.{name}", metrics, work)


@asynccontextmanager
async def _watched(
    settings: Settings, processor: Processor[Any], db: Database, metrics: Metrics
) -> AsyncIterator[None]:
    """Keep the gauges that no partition's loop can know, where somebody can read them."""
    if not settings.http_port:
        yield
        return
    watch = Watch(processor.reads.name, settings.kafka_settings(), db, metrics)
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def project(settings: Settings) -> None:
    """Run the projectors of every status topic until asked to stop."""
    metrics = Metrics()

    async def work(serve: Serve) -> None:
        async with database(settings) as db:
            await _check_production(settings, db)
            projectors = list(_projectors(settings, db, metrics))
            serve(lambda: _all_ready(projectors))
            async with asyncio.TaskGroup() as group:
                for projector in projectors:
                    group.create_task(projector.run())

    await run_until_stopped(settings, "project", metrics, work)


async def insight(settings: Settings, name: str) -> None:
    """Count a processor's outcomes in live windows until asked to stop."""
    processor, metrics = registry.processor(name), Metrics()
    said = [fact.TYPE for fact in FACTS[processor.writes]]

    async def work(serve: Serve) -> None:
        if settings.profile == "production":
            async with database(settings, size=1) as db:
                await _check_production(settings, db)
        # Faust is heavy to import, and only this process needs it.
        from hub.insight.live import Live  # noqa: PLC0415

        live = Live(settings.kafka_settings(), processor.writes.name, said, metrics)
        serve(live.ready)
        await live.run()

    await run_until_stopped(settings, "insight", metrics, work)


def _projectors(settings: Settings, db: Database, metrics: Metrics) -> list[Projector]:
    projections = list(registry.projections().values())
    return [
        Projector(
            projections=[p for p in projections if p.reads == processor.writes],
            kafka=settings.kafka_settings(),
            database=db,
            metrics=metrics,
            ledger_topic=processor.reads.name,
            status_topic=processor.writes.name,
        )
        for processor in registry.processors().values()
    ]


def _all_ready(projectors: list[Projector]) -> tuple[bool, list[str]]:
    reasons = [reason for projector in projectors for reason in projector.ready()[1]]
    return not reasons, reasons


async def _check_production(settings: Settings, db: Database) -> None:
    refusals = await production_refusals(installation(settings), db)
    if refusals:
        raise RefusedToStartError("; ".join(refusals))


async def run_until_stopped(
    settings: Settings, name: str, metrics: Metrics, work: Callable[[Serve], Awaitable[None]]
) -> None:
    """Run a process's work; where Kafka or Postgres is away, wait and begin again."""
    configure_logging(settings.log_level, name)
    asked: Ready = _starting

    def serve(ready: Ready) -> None:
        nonlocal asked
        asked = ready

    def is_ready() -> tuple[bool, Sequence[str]]:
        return asked()

    async with AsyncExitStack() as stack:
        if settings.http_port:
            server = health_server(
                settings.http_host, settings.http_port, metrics.registry, is_ready
            )
            await stack.enter_async_context(server)
        task = asyncio.create_task(_again_and_again(work, serve))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        log.info("process.started")
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        log.info("process.stopped")


def _starting() -> tuple[bool, Sequence[str]]:
    return False, ["starting"]


async def _again_and_again(work: Callable[[Serve], Awaitable[None]], serve: Serve) -> None:
    pause = FIRST_WAIT
    while True:
        began = time.monotonic()
        try:
            await work(serve)
        except* AWAY as errors:
            reason = "; ".join(str(error) for error in errors.exceptions)
            serve(lambda reason=reason: (False, [reason]))  # type: ignore[misc]
            # What went well for a while and fails now is a new trouble.
            pause = FIRST_WAIT if time.monotonic() - began >= HEALTHY_SECONDS else pause
            log.warning("infrastructure.away", reason=reason, seconds=pause)
        await asyncio.sleep(pause)
        pause = min(LONGEST_WAIT, pause * 2)
