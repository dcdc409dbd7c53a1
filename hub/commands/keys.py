"""Keys of the HTTP API: give one out, end one, list them."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from hub import bootstrap
from hub.access import keys
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.settings import Settings

key_app = typer.Typer(no_args_is_help=True, help="Keys of the HTTP API.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(key_app, name="key")


@key_app.command("create")
def create(
    tenant: Annotated[str, typer.Argument(help="Whose key; `hub` for the platform's operators.")],
    principal: Annotated[
        str, typer.Argument(help="Who will hold it; names the source of what they report.")
    ] = "api",
) -> None:
    """Give out a key. It is printed now and can never be read again."""

    async def run() -> str:
        async with bootstrap.database(Settings(), size=1) as db:
            return await keys.issue(db, tenant, principal)

    with refusals_said():
        token = asyncio.run(run())
    typer.echo(f"key of {principal} at {tenant}; keep it, it is shown only now:", err=True)
    typer.echo(token)


@key_app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="Its id, or the key itself.")]) -> None:
    """End a key; within five seconds nobody takes it any more."""

    async def run() -> None:
        async with bootstrap.database(Settings(), size=1) as db:
            await keys.revoke(db, key)

    with refusals_said():
        asyncio.run(run())
    typer.echo("revoked")


@key_app.command("list")
def listed(tenant: Annotated[str | None, typer.Option(help="Only of this tenant.")] = None) -> None:
    """List keys, without their secrets."""

    async def run() -> list[keys.Issued]:
        async with bootstrap.database(Settings(), size=1) as db:
            return await keys.issued(db, tenant)

    with refusals_said():
        found = asyncio.run(run())
    if not found:
        typer.echo("no keys yet; run: hub key create TENANT NAME")
        return
    names = ("id", "tenant", "principal", "created", "revoked")
    rows = [
        (one.id, one.tenant, one.principal, _minute(one.created_at), _minute(one.revoked_at))
        for one in found
    ]
    Listing(names, rows, whole=names).show()


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
