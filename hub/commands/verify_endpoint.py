"""`hub verify-endpoint`: whether a receiver survives what will happen to it."""

import asyncio
from typing import Annotated

import typer

from hub.bootstrap.deliver import egress
from hub.commands.processes import refusals_said
from hub.delivery.destinations import Receiver
from hub.delivery.egress import Target
from hub.delivery.http import HttpDestination
from hub.delivery.secrets import Secret
from hub.delivery.trial import Case, Trial
from hub.domain.errors import HubError
from hub.settings import Settings

FAILED = 1


class NoSecretError(HubError):
    """What was given signs nothing."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("verify-endpoint")(verify_endpoint)


def verify_endpoint(
    url: Annotated[str, typer.Argument(show_default=False)],
    secret: Annotated[
        str,
        typer.Option(
            envvar="WEBHOOK_SECRET", help="whsec_..., which it verifies by.", show_default=False
        ),
    ],
    timeout: Annotated[float, typer.Option(min=1, max=30)] = 15.0,
) -> None:
    """Send a receiver what it must survive: repeats, disorder, lateness, size, forgers."""
    with refusals_said():
        Target.of(url)
        cases = asyncio.run(_run(url, _read(secret), timeout))
    for case in cases:
        typer.echo(f"{'ok  ' if case.is_survived else 'FAIL'} {case.name}: {case.told}")
    if not all(case.is_survived for case in cases):
        raise typer.Exit(FAILED)


async def _run(url: str, secret: Secret, timeout: float) -> list[Case]:  # noqa: ASYNC109 - of each
    destination = HttpDestination(egress(Settings()))
    receiver = Receiver("trial", "trial", 1, "http", url, "full", 1, timeout, (secret,))
    try:
        return await Trial(destination, receiver).run()
    finally:
        await destination.aclose()


def _read(text: str) -> Secret:
    try:
        return Secret.read(text)
    except ValueError as error:
        raise NoSecretError("give --secret whsec_... as it was shown for the endpoint") from error
