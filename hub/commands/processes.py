"""One verb a process: each runs until it is stopped, and ends cleanly on SIGTERM."""

import asyncio
from typing import Annotated

import typer

from hub import bootstrap, registry
from hub.domain.errors import HubError
from hub.settings import Settings

REFUSED = 2


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(process)
    app.command()(project)
    app.command()(insight)


def process(
    name: Annotated[str, typer.Argument(help="The processor's entry point.")] = "warranty",
) -> None:
    """Decide what a processor's intake topic brings."""
    with refusals_said():
        asyncio.run(bootstrap.process(Settings(), name))


def project() -> None:
    """Keep every projection's table up to date."""
    with refusals_said():
        asyncio.run(bootstrap.project(Settings()))


def insight(
    name: Annotated[str, typer.Argument(help="The processor's entry point.")] = "warranty",
) -> None:
    """Count outcomes in live windows; a lost count harms nobody."""
    with refusals_said():
        asyncio.run(bootstrap.insight(Settings(), name))


class refusals_said:  # noqa: N801 - reads as a phrase: `with refusals_said():`
    """End a command that cannot be done with a sentence instead of a traceback."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Say the error and exit with 2."""
        if isinstance(error, (HubError, registry.UnknownPluginError)):
            typer.echo(f"hub: {error}", err=True)
            raise typer.Exit(REFUSED) from error
