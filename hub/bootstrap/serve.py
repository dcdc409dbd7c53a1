"""The process that answers callers: the API, and the pages in the same place."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

import structlog

from hub import registry
from hub.access.admission import Admission, admission
from hub.access.keyring import Keyring
from hub.access.post import Postman
from hub.adapters.kafka import KafkaSettings, Outlet, SharedOutlet, partition_counts
from hub.adapters.postgres import TenantDatabase
from hub.api.app import build
from hub.api.counting import DOOR
from hub.api.parts import Parts
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import count_from_zero, serve_http, tenant_database
from hub.bootstrap.parts import (
    check_production,
    key_mode,
    keys_followed,
    mailer,
    public_url,
    today,
    trusted,
)
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

PROCESSOR, CATALOG = "warranty", "catalog"
KAFKA_SECONDS = 5.0


async def serve(settings: Settings) -> None:
    """Answer callers until asked to stop."""
    metrics = Metrics()
    count_from_zero(metrics, DOOR)

    async def work(ready: Serve) -> None:
        if settings.profile == "production":
            async with engine_database(settings, size=1) as looking:
                await check_production(settings, looking)
        async with (
            tenant_database(settings) as db,
            keys_followed(settings, db) as keys,
            _parts(settings, db, metrics, keys) as parts,
        ):
            is_secure = settings.public_url.startswith("https:")
            sessions = Sessions(parts.admission, is_secure)
            kafka = settings.kafka_settings()
            pages = web(db, kafka, sessions, parts.refusals, parts.today)
            async with aclosing(pages), asyncio.TaskGroup() as group:
                ready(lambda: (True, ()))
                app = build(parts, pages.routes)
                # Together, so that streams end when the server is asked to.
                group.create_task(pages.run())
                group.create_task(serve_http(app, settings.public_host, settings.public_port))

    await run_until_stopped(settings, "serve", metrics, work)


@asynccontextmanager
async def _parts(
    settings: Settings, database: TenantDatabase, metrics: Metrics, keys: Keyring
) -> AsyncIterator[Parts]:
    """The parts, with whatever has to run beside them."""
    kafka = settings.kafka_settings()
    outlet, replies, noted = SharedOutlet(kafka), Replies(), Outlet(kafka)
    refusals = Refusals(noted, AUDIT.name, metrics)
    topics = [registry.processor(name).reads for name in (PROCESSOR, CATALOG)]
    counts = await _partitions(kafka, topics, settings.partitions)
    asker, catalog = (
        Asker(database, outlet, replies, topic, counts[topic.name], settings.answer_seconds)
        for topic in topics
    )
    admitting = _admission(settings, database, keys)
    postman = Postman(database, admitting.keyring, mailer(settings))
    running = (replies.follow(kafka), refusals.run(), admitting.errands.run(), postman.run())
    try:
        async with beside(*running):
            yield Parts(
                asker=asker,
                catalog=catalog,
                database=database,
                admission=admitting,
                refusals=refusals,
                metrics=metrics,
                today=today(keys),
                proxies=settings.proxies,
                trusted=trusted(settings),
            )
    finally:
        await outlet.stop()
        await noted.stop()


def _admission(settings: Settings, database: TenantDatabase, keys: Keyring) -> Admission:
    """How this door knows callers; an installation takes only keys that were made for its kind."""
    return admission(database, keys, url=public_url(settings), mode=key_mode(settings))


async def _partitions(kafka: KafkaSettings, topics: Sequence[Topic], told: int) -> dict[str, int]:
    """How many intake topics have; what is read needs no Kafka, so as told where it is away."""
    names = [topic.name for topic in topics]
    with suppress(BrokerUnavailableError, TimeoutError):
        async with asyncio.timeout(KAFKA_SECONDS):
            counts = await partition_counts(kafka, names)
        return {name: counts.get(name, told) for name in names}
    log.warning("serve.kafka_away", partitions=told)
    return dict.fromkeys(names, told)
