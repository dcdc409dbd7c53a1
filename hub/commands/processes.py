"""One verb a process: each runs until it is stopped, and ends cleanly on SIGTERM."""

import asyncio
from typing import Annotated

import typer
from pydantic import ValidationError

from hub import bootstrap, registry
from hub.commands.away import sentence
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
        sentences = _sentences(error)
        for said in sentences:
            typer.echo(f"hub: {said}", err=True)
        if sentences:
            raise typer.Exit(REFUSED) from error


def _sentences(error: BaseException | None) -> list[str]:
    """What a refusal says; nothing where it is a fault of ours, which keeps its traceback."""
    match error:
        case HubError():
            return [sentence(error)]
        case registry.UnknownPluginError():
            return [str(error)]
        case ValidationError() if error.title == Settings.__name__:
            # Their message alone: the rest may hold a password.
            return [_of_variable(found["loc"], found["msg"]) for found in error.errors()]
        case BaseExceptionGroup():
            said = [_sentences(one) for one in error.exceptions]
            return [text for texts in said for text in texts] if all(said) else []
        case _:
            return []


def _of_variable(place: tuple[int | str, ...], message: str) -> str:
    if place:
        return f"HUB_{str(place[0]).upper()}: {message}"
    return message.removeprefix("Value error, ")
