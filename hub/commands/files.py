"""Files: a till's exports become events, and each line is told what was decided."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.sdk import SettingsError
from hub import bootstrap, registry
from hub.adapters.postgres import BY_INDEX
from hub.bootstrap.files import files as watch_folders
from hub.commands.processes import refusals_said
from hub.intake.files.publish import dry_run, prepare, publish_file
from hub.intake.files.screen import Terminal
from hub.intake.files.status import in_words, latest
from hub.intake.files.tally import STOPPED
from hub.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(files)
    app.command()(publish)


def files(
    tenant: Annotated[str | None, typer.Option(help="With --status: of this one only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="With --status: so many at most.")] = 20,
    *,
    status: Annotated[bool, typer.Option("--status", help="Show how far files are.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --status: a JSON line each.")
    ] = False,
) -> None:
    """Take what is dropped into the folders of the sources, and lay the result of each line beside it."""
    with refusals_said():
        settings = Settings()
        if not status:
            asyncio.run(watch_folders(settings))
            return
        found = asyncio.run(_latest(settings, tenant, limit))
    if not found:
        typer.echo("no file was dropped yet")
    for line in map(json.dumps, found) if as_json else in_words(found):
        typer.echo(line)


async def _latest(settings: Settings, tenant: str | None, limit: int) -> list[dict[str, Any]]:
    async with bootstrap.database(settings, size=1) as database:
        return await latest(database, tenant, limit)


def publish(  # noqa: PLR0913, PLR0917 - one option for each thing an export leaves open
    file: Path,
    tenant: Annotated[str, typer.Option(help="Whose sales these are.")],
    source: Annotated[str | None, typer.Option(help="Name of the source.")] = None,
    connector: Annotated[str, typer.Option(help="Who reads the file: pos or catalogue.")] = "pos",
    kind: Annotated[
        str | None, typer.Option(help="Of catalogue: products, categories or stock.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--map", help="A TOML file, or order=Receipt,sold_at=Date+Time,..."),
    ] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone of local times.")] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Who numbers these orders; one a shop.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of the prices.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of the prices.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Detected where absent.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Detected where absent.")] = None,
    *,
    dry: Annotated[bool, typer.Option("--dry-run", help="Read and translate only.")] = False,
    only_json: Annotated[bool, typer.Option("--json", help="Print the last line only.")] = False,
) -> None:
    """Publish an export of sales, or of a catalogue, and tell what was decided of each line."""
    with refusals_said():
        settings = Settings()
    given = {"tenant": tenant, "source": source, "map_": columns, "zone": zone}
    given |= {"namespace": namespace, "currency": currency, "decimal": decimal}
    given |= {"encoding": encoding, "delimiter": delimiter, "kind": kind}
    try:
        with refusals_said():
            spoken = registry.connector(connector)
        publication = prepare(file, spoken, **given)  # type: ignore[arg-type]
    except SettingsError as error:
        typer.echo(f"hub: {error}", err=True)
        raise typer.Exit(STOPPED) from error
    with Terminal(only_json=only_json) as screen:
        screen.warn(publication.warning)
        if dry:
            tally = dry_run(publication.job, screen)
        else:
            tally = asyncio.run(
                publish_file(
                    publication,
                    screen,
                    database=bootstrap.database(settings, size=4, session=BY_INDEX),
                    kafka=settings.kafka_settings(),
                    elsewhere=registry.intakes(),
                )
            )
    screen.tally(tally)
    raise typer.Exit(tally.exit_code)
