"""The process that answers callers: the API, and the pages in the same place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import structlog

from hub import registry
from hub.access.keys import Keys
from hub.adapters.kafka import KafkaSettings, Outlet, SharedOutlet, partition_counts
from hub.adapters.postgres import TenantDatabase
from hub.api.app import build
from hub.api.parts import Parts
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import serve_http, tenant_database
from hub.bootstrap.parts import check_production, keyring
from hub.bootstrap.parts import database as engine_database
from hub.bootstrap.running import Serve, beside, run_until_stopped
from hub.ledger.ask import Asker
from hub.ledger.replies import Replies
from hub.sdk.failures import BrokerUnavailableError
from hub.settings import Settings
from hub.telemetry.metrics import Metrics
from hub.web.app import web
from hub.web.session import Sessions
from schemas.topics import AUDIT, Topic

log = structlog.get_logger()

PROCESSOR = "warranty"
KAFKA_SECONDS = 5.0


async def serve(settings: Settings) -> None:
    """Answer callers until asked to stop."""
    metrics = Metrics()

    async def work(ready: Serve) -> None:
        if settings.profile == "production":
            async with engine_database(settings, size=1) as looking:
                await check_production(settings, looking)
        async with tenant_database(settings) as db, _parts(settings, db, metrics) as parts:
            is_secure = settings.public_url.startswith("https:")
            sessions = Sessions(parts.keys, keyring(settings), is_secure)
            pages = web(db, settings.kafka_settings(), sessions, parts.refusals)
            async with aclosing(pages), asyncio.TaskGroup() as group:
                ready(lambda: (True, ()))
                app = build(parts, pages.routes)
                # Together, so that streams end when the server is asked to.
                group.create_task(pages.run())
                group.create_task(serve_http(app, settings.public_host, settings.public_port))

    await run_until_stopped(settings, "serve", metrics, work)


@asynccontextmanager
async def _parts(
    settings: Settings, database: TenantDatabase, metrics: Metrics
) -> AsyncIterator[Parts]:
    """The parts, with whatever has to run beside them."""
    kafka, intake = settings.kafka_settings(), registry.processor(PROCESSOR).reads
    outlet, replies, noted = SharedOutlet(kafka), Replies(), Outlet(kafka)
    refusals = Refusals(noted, AUDIT.name, metrics)
    partitions = await _partitions(kafka, intake, settings.partitions)
    asker = Asker(database, outlet, replies, intake, partitions, settings.answer_seconds)
    try:
        async with beside(replies.follow(kafka), refusals.run()):
            yield Parts(asker, database, Keys(database), refusals, metrics)
    finally:
        await outlet.stop()
        await noted.stop()


async def _partitions(kafka: KafkaSettings, topic: Topic, told: int) -> int:
    """How many the intake topic has; what is read needs no Kafka, so as told where it is away."""
    with suppress(BrokerUnavailableError, TimeoutError):
        async with asyncio.timeout(KAFKA_SECONDS):
            counts = await partition_counts(kafka, [topic.name])
        return counts.get(topic.name, told)
    log.warning("serve.kafka_away", partitions=told)
    return told
