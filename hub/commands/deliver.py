"""`hub deliver`: the process that tells the outside."""

import asyncio

import typer

from hub.bootstrap.deliver import deliver as run_deliver
from hub.commands.processes import refusals_said
from hub.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(deliver)


def deliver() -> None:
    """Send endpoints what they want to hear of, until each has heard it."""
    with refusals_said():
        asyncio.run(run_deliver(Settings()))
