"""Endpoints of a tenant: added, looked at, given new secrets, tried, ended."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.commands.asking import Whoever, asker, with_database, with_keys
from hub.commands.listing import Listing
from hub.delivery.endpoints import Desk, Endpoint, Shape, State, listed
from hub.delivery.kinds import KindName
from hub.delivery.reading import send_test
from hub.delivery.secrets import Secret
from schemas.policies.parts import Locale

T = TypeVar("T")
MOST = 10_000
MINUTE = "%Y-%m-%d %H:%M"
NAMES = ("id", "kind", "state", "failing_since", "address", "types", "ordering", "rate", "about")
Tenant = Annotated[str, typer.Argument(show_default=False)]
Named = Annotated[
    str, typer.Argument(help="As `hub endpoints list` prints it.", show_default=False)
]

endpoint_app = typer.Typer(no_args_is_help=True, help="Where a tenant is told what was decided.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(endpoint_app, name="endpoints")


@endpoint_app.command("add")
def add(  # noqa: PLR0913 - one for each option
    tenant: Tenant,
    address: Annotated[
        str,
        typer.Argument(
            help="Where it listens; of mail, where customers answer.", show_default=False
        ),
    ],
    *,
    event: Annotated[
        list[str] | None, typer.Option("--type", help="Of events; all, where none is named.")
    ] = None,
    branch: Annotated[list[str] | None, typer.Option(help="All, where none is named.")] = None,
    supplier: Annotated[
        list[str] | None, typer.Option(help="By its code; all, where none is named.")
    ] = None,
    kind: Annotated[KindName, typer.Option(help="http, or mail to customers.")] = "http",
    locale: Annotated[Locale, typer.Option(help="In which customers are written to.")] = "en",
    full: Annotated[bool, typer.Option("--full", help="Send all that was decided.")] = False,
    in_order: Annotated[
        bool, typer.Option("--in-order", help="Keep the order of each warranty.")
    ] = False,
    rate: Annotated[float, typer.Option(help="Messages a second, at most.", min=0.1)] = 50.0,
    about: Annotated[str, typer.Option(help="What it is for.")] = "",
    by: Whoever = "",
) -> None:
    """Add an endpoint; what its messages are signed with is printed now and never again."""
    shape = Shape(
        kind=kind,
        address=address,
        types=event or [],
        branches=branch or [],
        suppliers=supplier or [],
        locale=locale,
        payload="full" if full else "thin",
        ordering="per_subject" if in_order else "none",
        rate=rate,
        about=about,
    )
    endpoint, secret = _at_desk(tenant, by, lambda desk: desk.add(shape))
    typer.echo(f"{endpoint.id} of {tenant} hears of what is decided from now on")
    if secret is not None:
        _show(secret)


@endpoint_app.command("list")
def listing(tenant: Tenant) -> None:
    """List the endpoints of a tenant, and how each stands."""
    found = with_database(lambda db: listed(db, tenant, "", MOST))
    if not found:
        typer.echo(f"{tenant} has no endpoints; add one with `hub endpoints add`")
        return
    Listing(NAMES, [_row(one) for one in found], whole=NAMES).show()


@endpoint_app.command("rotate")
def rotate(
    tenant: Tenant,
    endpoint: Named,
    grace_hours: Annotated[
        float, typer.Option(help="For so long the secret before signs, too.", min=0, max=720)
    ] = 24.0,
    by: Whoever = "",
) -> None:
    """Give an endpoint a new secret."""
    _show(_at_desk(tenant, by, lambda desk: desk.rotate(endpoint, grace_hours * 3_600)))


@endpoint_app.command("set")
def set_state(
    tenant: Tenant,
    endpoint: Named,
    state: Annotated[str, typer.Argument(help="active or paused.")],
    by: Whoever = "",
) -> None:
    """Pause an endpoint, or begin with it anew: what waited is then delivered."""
    if state not in {"active", "paused"}:
        raise typer.BadParameter("it is active or paused")
    changes: dict[str, State] = {"state": "active" if state == "active" else "paused"}
    found = _at_desk(tenant, by, lambda desk: desk.change(endpoint, None, dict(changes)))
    typer.echo(f"{found.id} is {found.state}")


@endpoint_app.command("test")
def try_out(tenant: Tenant, endpoint: Named, by: Whoever = "") -> None:
    """Send an endpoint an event of no meaning, the whole way."""

    async def send(desk: Desk) -> int:
        return await send_test(desk.queries, tenant, endpoint, datetime.now(UTC))

    number = _at_desk(tenant, by, send)
    typer.echo(f"it is delivery {number}; see: hub deliveries show {tenant} {number}")


@endpoint_app.command("delete")
def delete(
    tenant: Tenant,
    endpoint: Named,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept for ever.")],
    by: Whoever = "",
) -> None:
    """End an endpoint; what it was still to be told is given up."""
    ended = _at_desk(tenant, by, lambda desk: desk.remove(endpoint, None, reason))
    typer.echo(f"{endpoint} is no more; {ended} deliveries were given up")


def _at_desk(tenant: str, by: str, run: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
    async def inside(db: Database, keyring: Keyring) -> T:
        who = By(kind="operator", id=asker(by), role="operator")
        async with db.transaction() as tx:
            return await run(Desk(tx, keyring, tenant, who))

    return with_keys(inside)


def _row(one: Endpoint) -> tuple[str, ...]:
    since = one.failing_since.strftime(MINUTE) if one.failing_since else ""
    types = ", ".join(one.types) or "all"
    return (
        *(one.id, one.kind, one.state, since, one.address, types, one.ordering),
        *(f"{one.rate:g}/s", "; ".join(filter(None, (one.about, one.state_why)))),
    )


def _show(secret: Secret) -> None:
    typer.echo(f"its secret, which is not shown again: {secret.shown}")
    typer.echo(f"its public key, for v1a signatures: {secret.public}")
