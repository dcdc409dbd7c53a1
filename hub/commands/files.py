"""Files: an export of a till becomes events, and each line is told what was decided."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from connectors.sdk import SettingsError
from hub import bootstrap, registry
from hub.commands.processes import refusals_said
from hub.intake.flight import STOPPED
from hub.intake.publish import dry_run, prepare, publish_file
from hub.intake.screen import Terminal
from hub.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(publish)


def publish(  # noqa: PLR0913, PLR0917 - one option for each thing an export leaves open
    file: Path,
    tenant: Annotated[str, typer.Option(help="Whose sales these are.")],
    source: Annotated[str | None, typer.Option(help="Name of the source.")] = None,
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
    """Publish an export of sales and returns, and tell what was decided of each line."""
    with refusals_said():
        settings = Settings()
    given = {"tenant": tenant, "source": source, "map_": columns, "zone": zone}
    given |= {"namespace": namespace, "currency": currency, "decimal": decimal}
    given |= {"encoding": encoding, "delimiter": delimiter}
    try:
        job = prepare(file, registry.connector("pos"), **given)  # type: ignore[arg-type]
    except SettingsError as error:
        typer.echo(f"hub: {error}", err=True)
        raise typer.Exit(STOPPED) from error
    with Terminal(only_json=only_json) as screen:
        screen.warn(job.warning)
        if dry:
            tally = dry_run(job, screen)
        else:
            tally = asyncio.run(
                publish_file(
                    job,
                    screen,
                    database=bootstrap.database(settings, size=4),
                    kafka=settings.kafka_settings(),
                )
            )
    screen.tally(tally)
    raise typer.Exit(tally.exit_code)
