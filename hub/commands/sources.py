"""Sources: which connector speaks for a tenant's feed, and the secrets that it signs with."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from connectors.sdk import SettingsError
from hub import bootstrap, registry
from hub.access.sources import SourceError, SourceStore, list_sources
from hub.adapters.kafka import partition_counts
from hub.adapters.postgres import Database
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.intake.files.publish import load_map
from hub.sdk.failures import BrokerUnavailableError
from hub.settings import Settings
from schemas.topics import raw

T = TypeVar("T")
KAFKA_SECONDS = 5.0

source_app = typer.Typer(no_args_is_help=True, help="Feeds of a tenant and their secrets.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(source_app, name="source")


@source_app.command("set")
def source_set(
    tenant: str,
    name: Annotated[str, typer.Argument(help="What the feed is called, in its address too.")],
    connector: Annotated[str, typer.Option(help="By which connector it speaks.")],
    columns: Annotated[
        str | None,
        typer.Option("--map", help="A TOML file, or order=Receipt,sold_at=Date+Time,..."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="A setting, such as zone=Europe/Istanbul.")
    ] = None,
) -> None:
    """Add a source or change what it was told; a new one that pushes gets its secret, shown once."""
    with refusals_said():
        document = _document(columns, option or [])
        settings = Settings()
        store = _store(settings)
        secret = _with_database(lambda db: store.put(db, tenant, name, connector, document))
    typer.echo(f"source {name} of {tenant} speaks by connector {connector}")
    if secret:
        _show(secret)
    warning = asyncio.run(_landing_warning(settings, connector))
    if warning:
        typer.echo(f"hub: {warning}", err=True)


@source_app.command("rotate")
def source_rotate(tenant: str, name: str) -> None:
    """Give a source a new secret; the one before stays valid until the next rotation."""
    with refusals_said():
        store = _store(Settings())
        _show(_with_database(lambda db: store.rotate(db, tenant, name)))


@source_app.command("list")
def source_list(tenant: Annotated[str | None, typer.Option()] = None) -> None:
    """List sources."""
    with refusals_said():
        found = _with_database(lambda db: list_sources(db, tenant))
    if not found:
        typer.echo("there are no sources; add one with `hub source set`")
        return
    names = ("tenant", "source", "connector", "secrets", "version", "changed")
    rows = []
    for one in found:
        changed = f"{one.changed_at:%Y-%m-%d %H:%M}"
        row = (one.tenant, one.name, one.connector, str(one.secrets), str(one.version))
        rows.append((*row, changed))
    Listing(names, rows, whole=names).show()


async def _landing_warning(settings: Settings, connector: str) -> str | None:
    """What to do where nothing that the source sends can land yet."""
    spoken = registry.connector(connector)
    if spoken.push is None and spoken.pull is None:
        return None
    topic = raw(spoken.name).name
    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            counts = await partition_counts(settings.kafka_settings(), [topic])
    except (BrokerUnavailableError, TimeoutError):
        return (
            f"Kafka does not answer; once it does, `hub topics check` says whether {topic} is there"
        )
    if topic in counts:
        return None
    return (
        f"there is no topic {topic} yet, so nothing can land: run `hub topics apply`,"
        " then restart `hub ingress`"
    )


def _document(columns: str | None, options: list[str]) -> dict[str, Any]:
    try:
        document = load_map(columns)
    except SettingsError as error:
        raise SourceError(str(error)) from error
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.strip():
            message = f"--option {option!r} is not like zone=Europe/Istanbul"
            raise SourceError(message)
        document[name.strip()] = value
    return document


def _show(secret: str) -> None:
    typer.echo(f"its secret, which is not shown again: {secret}")


def _store(settings: Settings) -> SourceStore:
    return SourceStore(registry.connectors(), bootstrap.keyring(settings))


def _with_database(run: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        async with bootstrap.database(Settings(), size=2) as db:
            return await run(db)

    return asyncio.run(inside())
