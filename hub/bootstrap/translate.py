"""The processes that translate what has landed, and that pull sources which do not push."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub import registry
from hub.access.keyring import Keyring
from hub.access.sources import Sources, SourceStore, as_engine
from hub.adapters.kafka import KafkaSettings, partition_counts
from hub.adapters.postgres import BY_INDEX, Database
from hub.bootstrap.parts import check_production, database, keys_followed, release, today
from hub.bootstrap.running import Serve, beside, run_until_stopped
from hub.domain.errors import HubError
from hub.intake.landing import raw_partitions
from hub.intake.meaning import Target
from hub.intake.translator import Translator
from hub.intake.watch import RawWatch
from hub.recovery.replayer import Replayer
from hub.sdk.failures import BrokerUnavailableError
from hub.settings import Settings
from hub.telemetry.metrics import Metrics
from schemas.topics import raw


class NothingToTranslateError(HubError):
    """The connector lands nothing."""


async def translate(settings: Settings, name: str) -> None:
    """Translate what a connector's sources have landed until asked to stop."""
    connector, metrics = registry.connector(name), Metrics()
    if connector.translate is None:
        raise NothingToTranslateError(f"connector {name!r} lands nothing that could be translated")

    async def work(serve: Serve) -> None:
        async with (
            database(settings, size=settings.partitions + 4, session=BY_INDEX) as db,
            keys_followed(settings, db) as keys,
        ):
            await check_production(settings, db)
            kafka = settings.kafka_settings()
            await raw_partitions(kafka, [raw(name).name])
            translator = Translator(
                connector=name,
                reads=raw(name),
                targets=await targets(kafka),
                kafka=kafka,
                database=db,
                sources=Sources(SourceStore(registry.connectors(), keys), as_engine(db)),
                keyring=keys,
                metrics=metrics,
                batch=settings.batch,
                schedule=settings.schedule,
                release=release(settings),
            )
            serve(translator.member.ready)
            async with (
                _watched(settings, translator, db, metrics),
                _replaying(settings, translator, keys),
            ):
                await translator.run()

    await run_until_stopped(settings, f"translate.{name}", metrics, work)


async def targets(kafka: KafkaSettings) -> dict[str, Target]:
    """Where each kind of fact goes: to the topic whose processor takes it in."""
    reads = {one.reads.name: one.consumes for one in registry.processors().values()}
    counts = await partition_counts(kafka, list(reads))
    missing = sorted(set(reads) - set(counts))
    if missing:
        raise BrokerUnavailableError(f"no topic {', '.join(missing)}; run: hub topics apply")
    return {
        fact.TYPE: Target(topic, counts[topic]) for topic, facts in reads.items() for fact in facts
    }


@asynccontextmanager
async def _replaying(
    settings: Settings, translator: Translator, keys: Keyring
) -> AsyncIterator[None]:
    """Work on replays that somebody asks for, in sessions of its own."""
    async with database(settings, size=4) as db:
        replayer = Replayer(translator.reads.name, db, translator.kafka, today(keys))
        async with beside(replayer.run()):
            yield


@asynccontextmanager
async def _watched(
    settings: Settings, translator: Translator, db: Database, metrics: Metrics
) -> AsyncIterator[None]:
    """Keep the gauges that no lane can know, where somebody can read them."""
    if not settings.http_port:
        yield
        return
    watch = RawWatch(translator.reads.name, translator.kafka, db, metrics)
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
