"""Sources: which connector speaks for a tenant's feed, and the secrets that it signs with."""

import asyncio
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer

from connectors.sdk import SettingsError
from hub import registry
from hub.access.keyring import Keyring
from hub.access.silence import Quiet, may_be_quiet, quiet_sources
from hub.access.sources import Listed, SourceError, SourceStore, list_sources
from hub.adapters.kafka import partition_counts
from hub.adapters.postgres import Database
from hub.audit.entries import Entry, record
from hub.commands.asking import Whoever, Why, operator, with_database, with_keys
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.domain.spans import read_span, written
from hub.intake.files.publish import load_map
from hub.sdk.failures import BrokerUnavailableError
from hub.settings import Settings
from schemas.topics import raw

KAFKA_SECONDS = 5.0
NEVER = "never"
LEAST_QUIET = 60
MINUTE = "%Y-%m-%d %H:%M"
NAMES = (
    *("tenant", "source", "connector", "secrets", "version", "changed"),
    *("last_landed", "quiet_after", "now"),
)

source_app = typer.Typer(no_args_is_help=True, help="Feeds of a tenant and their secrets.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(source_app, name="source")


@source_app.command("set")
def source_set(  # noqa: PLR0913 - one for each option
    tenant: str,
    name: Annotated[str, typer.Argument(help="What the feed is called, in its address too.")],
    *,
    connector: Annotated[str, typer.Option(help="By which connector it speaks.")],
    columns: Annotated[
        str | None,
        typer.Option("--map", help="A TOML file, or order=Receipt,sold_at=Date+Time,..."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="A setting, such as zone=Europe/Istanbul.")
    ] = None,
    quiet_after: Annotated[
        str | None,
        typer.Option(
            help="How long it may land nothing before it is silent: 90m, 2h, 1d; or never."
        ),
    ] = None,
    reason: Why = "",
    by: Whoever = "",
) -> None:
    """Add a source or change what it was told; a new one that pushes gets its secret, shown once."""
    with refusals_said():
        document = _document(columns, option or [])
        quiet = _quiet_after(quiet_after)
        settings = Settings()
        # Names alone: a setting may be anything that a vendor asks for.
        said: dict[str, object] = {"connector": connector, "settings": sorted(document)}
        if quiet is not None:
            said["quiet_after"] = quiet

        async def put(database: Database, keys: Keyring) -> str | None:
            store = SourceStore(registry.connectors(), keys)
            async with database.transaction() as queries:
                secret = await store.put(queries, tenant, name, connector, document)
                if quiet is not None:
                    await may_be_quiet(queries, tenant, name, quiet)
                await record(queries, _entry(tenant, "source:set", name, (by, reason), said))
            return secret

        secret = with_keys(put)
    typer.echo(f"source {name} of {tenant} speaks by connector {connector}")
    if secret:
        _show(secret)
    warning = asyncio.run(_landing_warning(settings, connector))
    if warning:
        typer.echo(f"hub: {warning}", err=True)


@source_app.command("rotate")
def source_rotate(tenant: str, name: str, reason: Why = "", by: Whoever = "") -> None:
    """Give a source a new secret; the one before stays valid until the next rotation."""

    async def rotate(database: Database, keys: Keyring) -> str:
        store = SourceStore(registry.connectors(), keys)
        async with database.transaction() as queries:
            secret = await store.rotate(queries, tenant, name)
            await record(queries, _entry(tenant, "source_secret:rotated", name, (by, reason)))
        return secret

    with refusals_said():
        _show(with_keys(rotate))


@source_app.command("token")
def source_token(tenant: str, name: str, reason: Why = "", by: Whoever = "") -> None:
    """Give a source the token that its vendor lets us ask with: typed in unseen, or piped in."""
    token = typer.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()

    async def keep(database: Database, keys: Keyring) -> None:
        store = SourceStore(registry.connectors(), keys)
        async with database.transaction() as queries:
            await store.keep_token(queries, tenant, name, token.strip())
            await record(queries, _entry(tenant, "source_token:given", name, (by, reason)))

    with refusals_said():
        with_keys(keep)
    typer.echo(f"source {name} of {tenant} asks with it from now on")


@source_app.command("list")
def source_list(
    *,
    tenant: Annotated[str | None, typer.Option()] = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="Only those that are quiet for too long.")
    ] = False,
) -> None:
    """List sources, when each last landed something, and how long it may be quiet."""
    with refusals_said():
        found = with_database(lambda db: _listed(db, tenant))
    if silent:
        found = [(one, quiet) for one, quiet in found if quiet.silent]
    if not found:
        typer.echo(
            "no source is silent"
            if silent
            else "there are no sources; add one with `hub source set`"
        )
        return
    Listing(NAMES, [_row(one, quiet) for one, quiet in found], whole=NAMES).show()


async def _listed(database: Database, tenant: str | None) -> list[tuple[Listed, Quiet]]:
    quiet = {(one.tenant, one.name): one for one in await quiet_sources(database, tenant)}
    listed = await list_sources(database, tenant)
    # A source may be new since the first look.
    return [(one, quiet[key]) for one in listed if (key := (one.tenant, one.name)) in quiet]


def _row(one: Listed, quiet: Quiet) -> tuple[str, ...]:
    secrets, version = str(one.secrets), str(one.version)
    changed = one.changed_at.strftime(MINUTE)
    heard = quiet.heard_at.strftime(MINUTE) if quiet.heard_at else "never"
    may_be = "" if quiet.quiet_after is None else written(quiet.quiet_after)
    now = f"silent for {written(quiet.seconds)}" if quiet.silent else ""
    return (one.tenant, one.name, one.connector, secrets, version, changed, heard, may_be, now)


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


def _quiet_after(text: str | None) -> int | None:
    if text is None or text == NEVER:
        return None if text is None else 0
    seconds = read_span(text)
    if seconds is None or seconds < LEAST_QUIET:
        message = f"--quiet-after {text!r} is not like 90m, 2h, 1d (a minute at least) or {NEVER}"
        raise SourceError(message)
    return seconds


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


def _entry(
    tenant: str,
    action: str,
    name: str,
    asked: tuple[str, str],
    said: Mapping[str, object] = MappingProxyType({}),
) -> Entry:
    """Who did it to a source, and why; never a secret or a token."""
    by, why = asked
    return Entry(
        tenant=tenant, action=action, subject=name, by=operator(by), why=why, doc=dict(said)
    )


def _show(secret: str) -> None:
    typer.echo(f"its secret, which is not shown again: {secret}")
