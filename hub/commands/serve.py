"""`hub serve`: the process that answers callers."""

import asyncio

import typer

from hub.commands.processes import refusals_said
from hub.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(serve)


def serve() -> None:
    """Answer callers of the HTTP API."""
    # A web framework is heavy to import, and only this process needs it.
    from hub.bootstrap.serve import serve as run  # noqa: PLC0415

    with refusals_said():
        asyncio.run(run(Settings()))
