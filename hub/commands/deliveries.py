"""Deliveries of a tenant: listed, looked at, made again."""

from typing import Annotated

import typer

from hub.access.keyring import HUB
from hub.access.permissions import Role
from hub.access.principals import Principal
from hub.adapters.postgres import Database
from hub.commands.asking import Reason, Whoever, asker, with_database
from hub.commands.listing import Listing
from hub.delivery import replay
from hub.delivery.reading import Delivery, Wanted, deliveries, read
from hub.delivery.replay import Asked, Chosen, DeliveryReplay, Settled

SECOND = "%Y-%m-%d %H:%M:%S"
NAMES = ("delivery", "made", "endpoint", "type", "subject", "state", "attempts", "last")
Tenant = Annotated[str, typer.Argument(show_default=False)]
At = Annotated[str | None, typer.Option(help="An endpoint's id.")]
Numbers = Annotated[
    list[int] | None, typer.Option("--delivery", help="By number; may be given more than once.")
]

delivery_app = typer.Typer(no_args_is_help=True, help="What endpoints are told.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(delivery_app, name="deliveries")


@delivery_app.command("list")
def listing(
    tenant: Tenant,
    endpoint: At = None,
    state: Annotated[
        str | None, typer.Option(help="waiting, sending, delivered, dead, given_up, skipped")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
) -> None:
    """List deliveries, newest first."""
    wanted = Wanted(endpoint=endpoint, state=state)
    found = with_database(lambda db: deliveries(db, tenant, wanted, limit))
    if not found:
        typer.echo("there are none that fit")
        return
    Listing(NAMES, [_row(one) for one in found], whole=NAMES).show()


@delivery_app.command("show")
def show(tenant: Tenant, number: Annotated[int, typer.Argument(show_default=False)]) -> None:
    """Show every attempt at one delivery."""
    found = with_database(lambda db: read(db, tenant, number))
    one = found.delivery
    typer.echo(f"{one.type} about {one.subject} to {one.endpoint}: {one.state}")
    typer.echo(f"webhook-id {one.event}")
    for attempt in found.attempts:
        said = attempt.explained or attempt.outcome
        status = "" if attempt.status is None else f" {attempt.status}"
        took = "" if attempt.ms is None else f" in {attempt.ms} ms"
        typer.echo(
            f"{attempt.n}. {attempt.began_at:{SECOND}}: {attempt.state}{status}{took}; {said}"
        )


@delivery_app.command("replay")
def make_again(  # noqa: PLR0913 - one for each option
    tenant: Tenant,
    *,
    reason: Reason,
    endpoint: At = None,
    delivery: Numbers = None,
    delivered: Annotated[
        bool, typer.Option("--delivered", help="Those that arrived, too.")
    ] = False,
    subject: Annotated[str | None, typer.Option(help="A warranty's id.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="A second and endpoint, at most.", min=0.1)
    ] = None,
    go: Annotated[bool, typer.Option("--go", help="Do it; else it is only counted.")] = False,
    by: Whoever = "",
) -> None:
    """Count what would be sent again; with --go, have it sent, under the same ids."""
    states: list[Settled] = ["dead", "delivered"] if delivered else ["dead"]
    chosen = Chosen(states=states, endpoint=endpoint, deliveries=delivery, subject=subject)
    if not go:
        found = with_database(lambda db: replay.count(db, tenant, chosen))
        for one in found:
            typer.echo(f"{one.endpoint}: {one.count}, the oldest of {one.oldest:{SECOND}}")
        typer.echo(f"{sum(one.count for one in found)} in all; add --go to have them sent again")
        return
    asked = Asked(chosen=chosen, why=reason, rate=rate)
    begun = with_database(lambda db: _begin(db, tenant, asked, asker(by)))
    typer.echo(f"replay {begun.id} of {begun.found} is under way; `hub deliver` makes them")


async def _begin(database: Database, tenant: str, asked: Asked, who: str) -> DeliveryReplay:
    caller = Principal(tenant=HUB, name=who, id=who, role=Role.OPERATOR)
    async with database.transaction() as tx:
        return await replay.begin(tx, caller, tenant, asked)


def _row(one: Delivery) -> tuple[str, ...]:
    last = one.outcome if one.status is None else str(one.status)
    made = one.made_at.strftime(SECOND)
    return (
        *(str(one.id), made, one.endpoint, one.type, one.subject, one.state),
        *(str(one.attempts), last),
    )
