"""What takes in and translates what sources send."""

import asyncio
from typing import Annotated

import typer

from hub.bootstrap.ingress import ingress as run_ingress
from hub.bootstrap.pull import pull as run_pull
from hub.bootstrap.translate import translate as run_translate
from hub.commands.processes import refusals_said
from hub.settings import Settings

Connector = Annotated[str, typer.Argument(help="The connector's entry point.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(ingress)
    app.command()(translate)
    app.command()(pull)


def ingress() -> None:
    """Take in what sources push; answered only once it is on Kafka."""
    with refusals_said():
        asyncio.run(run_ingress(Settings()))


def translate(name: Connector = "pos") -> None:
    """Translate what a connector's sources have landed into events."""
    with refusals_said():
        asyncio.run(run_translate(Settings(), name))


def pull(name: Connector) -> None:
    """Ask a connector's sources for what is new, again and again."""
    with refusals_said():
        asyncio.run(run_pull(Settings(), name))
