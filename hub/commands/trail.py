"""What an operator asks about one payload, and about all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
import typer

from hub import bootstrap
from hub.access import tenants
from hub.adapters.postgres import Queries
from hub.bootstrap.ingress import tenant_database
from hub.commands.listing import JSON_LINES, screen
from hub.commands.processes import refusals_said
from hub.commands.telling import told
from hub.settings import Settings
from hub.trail.rebuild import rebuild as make_again
from hub.trail.trace import search

T = TypeVar("T")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
Tenant = Annotated[str, typer.Option("--tenant", help="Whose; `hub` for what proved no tenant.")]
Json = Annotated[bool, typer.Option("--json", help=JSON_LINES)]

trail_app = typer.Typer(no_args_is_help=True, help="The way of each payload, made from the logs.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(trace)
    app.add_typer(trail_app, name="trail")


def trace(
    text: Annotated[
        str,
        typer.Argument(
            help="A correlation, raw, event, request or warranty id, an order reference"
            " (alone or as namespace/reference), or a serial."
        ),
    ],
    tenant: Tenant,
    limit: Annotated[int, typer.Option(min=1, max=20, help="So many ways, newest first.")] = 5,
    *,
    as_json: Json = False,
) -> None:
    """Show one payload's whole way: landed, translated, placed, decided, published, projected."""
    found = asked_for(tenant, lambda queries: search(queries, tenant, text, limit=limit))
    for one in found:
        if as_json:
            typer.echo(msgspec.json.encode(one).decode())
        else:
            screen().print(told(one))
    if not found:
        typer.echo(
            f"hub: {tenant} knows nothing by {text!r}; what came just now may take a moment",
            err=True,
        )
        raise typer.Exit(1)


@trail_app.command("rebuild")
def rebuild() -> None:
    """Make the trail again from the logs while the hub runs; what doors refused is kept."""

    def show(topic: str, lines: int) -> None:
        typer.echo(f"{topic}: {lines} lines", err=True)

    async def run() -> int:
        async with bootstrap.database(Settings(), size=2) as db:
            return await make_again(db, show)

    with refusals_said():
        typer.echo(f"the trail shows {asyncio.run(run())} lines anew")


def asked_for(tenant: str, ask: Callable[[Queries], Awaitable[T]]) -> T:
    """Ask in the role of the API, which sees that tenant alone."""

    async def run() -> T:
        async with tenant_database(Settings()) as db, db.speaking_for(tenant) as queries:
            await tenants.check(queries, tenant, even_erased=True)
            return await ask(queries)

    with refusals_said():
        return asyncio.run(run())


def instant(option: str, text: str) -> datetime:
    """A moment as it is typed: an ISO time, or so long ago."""
    try:
        if text[-1:] in UNITS and text[:-1].isdecimal():
            return datetime.now(UTC) - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
        instant = datetime.fromisoformat(text)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        # The first and the last day there are have no time everywhere.
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no time; give 2026-01-31T12:00:00Z, or 15m, 2h, 3d"
        raise typer.BadParameter(message, param_hint=option) from error
