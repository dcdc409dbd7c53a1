"""What several processes are built from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from hub import registry
from hub.access.keyring import Keyring
from hub.access.keys import LIVE, TEST
from hub.access.sources import SourceStore
from hub.access.tenant_keys import followed
from hub.adapters.kafka import Peek
from hub.adapters.mail import Mailer, MailFolder, Smtp
from hub.adapters.postgres import ENGINE, Database, TenantDatabase, connect
from hub.audit.heads import Signer, Trusted
from hub.bootstrap.running import beside
from hub.domain.errors import HubError
from hub.recovery.doctor import Installation, production_refusals
from hub.recovery.today import Today
from hub.recovery.verify import Verifier
from hub.settings import Settings
from schemas.topics import raw


class RefusedToStartError(HubError):
    """The production profile does not run on what may lose acknowledged data."""


def release(settings: Settings) -> str:
    """What the code of this deployment is called beside what it could not do."""
    return settings.release or version("warranty-hub")


def keyring(settings: Settings) -> Keyring:
    """The installation's keys."""
    old = settings.master_key_old
    return Keyring(
        settings.master_key.get_secret_value().encode(),
        old.get_secret_value().encode() if old else None,
    )


def key_mode(settings: Settings) -> str:
    """What keys of this installation are called, and which alone it takes."""
    return LIVE if settings.profile == "production" else TEST


def public_url(settings: Settings) -> str:
    """How people reach the pages."""
    return settings.public_url or f"http://{settings.public_host}:{settings.public_port}"


def mailer(settings: Settings) -> Mailer:
    """What sends mails: a server, or a folder where none is set."""
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    if not url:
        return MailFolder(Path(settings.mail_folder), settings.mail_from)
    return Smtp(url, settings.mail_from)


def signer(settings: Settings) -> Signer:
    """What signs the heads of the audit's chains."""
    return Signer(settings.master_key.get_secret_value().encode())


def trusted(settings: Settings) -> Trusted:
    """Whose heads count: today's key, and those of before that are named."""
    return Trusted.of(signer(settings), settings.earlier_audit_keys)


async def knowing(settings: Settings, queries: Database | TenantDatabase) -> Keyring:
    """The installation's keys, with those of every tenant as they are now."""
    keys = keyring(settings)
    await followed(keys, queries)
    return keys


@asynccontextmanager
async def keys_followed(
    settings: Settings, queries: Database | TenantDatabase
) -> AsyncIterator[Keyring]:
    """Know every tenant's key before the work begins, and hear of new ones beside it."""
    keys = keyring(settings)
    async with beside((await followed(keys, queries))()):
        yield keys


def today(keys: Keyring) -> Today:
    """What an item would meet if it were tried now."""
    processors = {one.reads.name: one for one in registry.processors().values()}
    connectors = registry.connectors()
    landing = {raw(name).name: name for name in connectors}
    return Today(keys, processors, SourceStore(connectors, keys), landing)


@asynccontextmanager
async def database(
    settings: Settings, *, size: int = 8, session: dict[str, str] | None = None
) -> AsyncIterator[Database]:
    """A pool in the engine's role that is closed afterwards."""
    dsn = settings.postgres.get_secret_value()
    opened = await connect(dsn, size=size, settings={"role": ENGINE, **(session or {})})
    try:
        yield opened
    finally:
        await opened.close()


def installation(settings: Settings) -> Installation:
    """What the doctor looks at."""
    keys = keyring(settings)
    return Installation(
        kafka=settings.kafka_settings(),
        postgres=settings.postgres.get_secret_value(),
        keyring=keys,
        sources=SourceStore(registry.connectors(), keys),
        partitions=settings.partitions,
        topics=registry.topics(),
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


async def check_production(settings: Settings, db: Database) -> None:
    refusals = await production_refusals(installation(settings), db)
    if refusals:
        raise RefusedToStartError("; ".join(refusals))
