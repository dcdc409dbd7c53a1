"""The processes that decide, project and count."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import product
from typing import Any

from hub import registry
from hub.access.keyring import Keyring
from hub.access.sources import Sources, SourceStore, as_engine
from hub.adapters.postgres import BY_INDEX, Database
from hub.audit.chainer import Chainer
from hub.audit.linking import Linker
from hub.bootstrap.deliver import egress
from hub.bootstrap.parts import check_production, database, keys_followed, release, signer
from hub.bootstrap.running import Serve, run_until_stopped
from hub.delivery.shop_asking import ShopAsker
from hub.delivery.shop_lines import ShopLines
from hub.intake.watch import RawWatch
from hub.ledger.breakers import Breakers
from hub.ledger.projector import Projector
from hub.ledger.worker import Worker
from hub.recovery.watch import Watch
from hub.sdk.processor import Processor
from hub.settings import Settings
from hub.telemetry.metrics import Metrics, from_zero
from hub.trail.follower import TrailFollower
from hub.trail.rows import LANDING, LEDGER
from schemas.catalogue import FACTS
from schemas.topics import AUDIT

Follower = Projector | TrailFollower | Chainer


async def process(settings: Settings, name: str) -> None:
    """Run the worker of a processor until asked to stop."""
    processor, metrics = registry.processor(name), Metrics()
    from_zero(metrics.timer_failures, processor.reads.name)

    async def work(serve: Serve) -> None:
        async with database(settings, size=settings.partitions + 4, session=BY_INDEX) as db:
            await check_production(settings, db)
            async with keys_followed(settings, db) as keys:
                worker = Worker(
                    processor,
                    settings.kafka_settings(),
                    db,
                    keys,
                    metrics,
                    settings.batch,
                    schedule=settings.schedule,
                    release=release(settings),
                    asking=partial(shops_asked, settings, db, keys),
                )
                serve(worker.member.ready)
                async with _watched(settings, processor, db, metrics):
                    await worker.run()

    await run_until_stopped(settings, f"process.{name}", metrics, work)


@asynccontextmanager
async def shops_asked(
    settings: Settings, db: Database, keys: Keyring, breakers: Breakers
) -> AsyncIterator[ShopAsker]:
    """Ask shops what decisions need of them, for as long as a worker runs."""
    sources = Sources(SourceStore(registry.connectors(), keys), as_engine(db))
    asker = ShopAsker(db, keys, sources, ShopLines(egress(settings)), breakers)
    try:
        yield asker
    finally:
        await asker.aclose()


@asynccontextmanager
async def _watched(
    settings: Settings, processor: Processor[Any], db: Database, metrics: Metrics
) -> AsyncIterator[None]:
    """Keep the gauges that no partition's loop can know, where somebody can read them."""
    if not settings.http_port:
        yield
        return
    kafka = settings.kafka_settings()
    # Translators tell the same of their own topics, but not that none of them runs.
    watches = [RawWatch(topic.name, kafka, db, metrics) for topic in registry.landing()]
    tasks = [asyncio.create_task(one.run()) for one in watches]
    tasks.append(asyncio.create_task(Watch(processor.reads.name, kafka, db, metrics).run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def project(settings: Settings) -> None:
    """Run the projectors of every status topic, the trail and the audit's chains, until asked to stop."""
    metrics = Metrics()
    for name, part in product(registry.projections(), range(settings.partitions)):
        from_zero(metrics.projection_failures, name, part)
    for name in (LANDING, LEDGER):
        from_zero(metrics.trail_failures, name)

    async def work(serve: Serve) -> None:
        async with database(settings) as db:
            await check_production(settings, db)
            trail = TrailFollower(db, settings.kafka_settings(), metrics)
            chainer = Chainer(
                Linker(db, signer(settings)), settings.kafka_settings(), metrics, AUDIT.name
            )
            followers: list[Follower] = [*_projectors(settings, db, metrics), trail, chainer]
            serve(lambda: _all_ready(followers))
            async with asyncio.TaskGroup() as group:
                for follower in followers:
                    group.create_task(follower.run())

    await run_until_stopped(settings, "project", metrics, work)


async def insight(settings: Settings, name: str) -> None:
    """Count a processor's outcomes in live windows until asked to stop."""
    processor, metrics = registry.processor(name), Metrics()
    said = [fact.TYPE for fact in FACTS[processor.writes]]

    async def work(serve: Serve) -> None:
        if settings.profile == "production":
            async with database(settings, size=1) as db:
                await check_production(settings, db)
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


def _all_ready(followers: Sequence[Follower]) -> tuple[bool, list[str]]:
    reasons = [reason for follower in followers for reason in follower.ready()[1]]
    return not reasons, reasons
