"""People of a merchant: invite the first owner, list, change a role, let somebody go."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from hub import bootstrap
from hub.access import people
from hub.access.keyring import Keyring
from hub.access.keys import COMMAND
from hub.access.people import Invitation, Person
from hub.access.permissions import PERSONS, Role
from hub.access.post import Wording
from hub.adapters.postgres import Queries
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.settings import Settings

T = TypeVar("T")
people_app = typer.Typer(no_args_is_help=True, help="People of a merchant, who sign in by e-mail.")
OneRole = Annotated[str, typer.Option("--role", help=f"One of {', '.join(PERSONS)}.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(people_app, name="people")


def _run(work: Callable[[Queries, Keyring], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        settings = Settings()
        async with bootstrap.database(settings, size=2) as db:
            keyring = await bootstrap.knowing(settings, db)
            async with db.transaction() as queries:
                return await work(queries, keyring)

    with refusals_said():
        return asyncio.run(inside())


@people_app.command("add")
def add(tenant: str, email: str, role: OneRole = Role.SALES_STAFF.value) -> None:
    """Invite somebody: `hub serve` mails them where to choose a password."""
    wording = Wording(bootstrap.public_url(Settings()))
    person = _run(
        lambda queries, keyring: people.invite(
            queries, keyring, Invitation(tenant, email, role), COMMAND, wording
        )
    )
    typer.echo(f"{person} is invited as {role}; a mail is on its way")


@people_app.command("list")
def listed(tenant: str) -> None:
    """List everybody of a merchant."""

    def read(queries: Queries, keyring: Keyring) -> Coroutine[Any, Any, list[Person]]:
        return people.everybody(queries, keyring, tenant)

    names = ("id", "role", "state", "email", "since")
    rows = [
        (one.id, one.role.value, one.state, one.email, f"{one.created_at:%Y-%m-%d %H:%M}")
        for one in _run(read)
    ]
    if not rows:
        typer.echo(f"{tenant} has nobody yet; run: hub people add {tenant} E-MAIL --role owner")
        return
    Listing(names, rows, whole=names).show()


@people_app.command("role")
def role(tenant: str, person: str, role: Annotated[str, typer.Argument()]) -> None:
    """Make somebody something else."""
    _run(lambda queries, _keyring: people.change_role(queries, tenant, person, role, COMMAND))
    typer.echo(f"{person} is {role} from now on")


@people_app.command("deactivate")
def deactivate(tenant: str, person: str) -> None:
    """Let somebody go; every session of theirs ends within seconds."""
    _run(lambda queries, _keyring: people.deactivate(queries, tenant, person, COMMAND))
    typer.echo(f"{person} may not sign in any more")
