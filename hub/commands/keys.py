"""Keys of the HTTP API, user names for HTTP Basic, and the keys that sign tokens."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from hub import bootstrap
from hub.access import basic, keys, tokens
from hub.access.permissions import Role
from hub.adapters.postgres import Database
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.settings import Settings

T = TypeVar("T")
key_app = typer.Typer(no_args_is_help=True, help="Keys of the HTTP API.")
basic_app = typer.Typer(
    no_args_is_help=True, help="User names of systems, for interfaces that ask for HTTP Basic."
)
token_app = typer.Typer(no_args_is_help=True, help="The keys that sign people's access tokens.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(key_app, name="key")
    app.add_typer(basic_app, name="basic")
    app.add_typer(token_app, name="token-key")


def _run(work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        async with bootstrap.database(Settings(), size=1) as db:
            return await work(db)

    with refusals_said():
        return asyncio.run(inside())


@key_app.command("create")
def create(
    tenant: Annotated[str, typer.Argument(help="Whose key; `hub` for the platform's operators.")],
    principal: Annotated[
        str, typer.Argument(help="Who will hold it; names the source of what they report.")
    ] = "api",
    role: Annotated[
        str | None, typer.Option(help="integration, system_admin or supplier; operator at `hub`.")
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Only this permission of the role; repeat for more.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="It ends by itself.")] = None,
) -> None:
    """Give out a key. It is printed now and can never be read again."""
    token = _run(
        lambda db: keys.issue(
            db,
            tenant,
            principal,
            role=role,
            scopes=scope or None,
            days=days,
            mode=bootstrap.key_mode(Settings()),
        )
    )
    typer.echo(f"key of {principal} at {tenant}; keep it, it is shown only now:", err=True)
    typer.echo(token)


@key_app.command("rotate")
def rotate(key: Annotated[str, typer.Argument(help="Its id, or the key itself.")]) -> None:
    """Give out a second key beside one; end the first once nobody uses it any more."""
    token = _run(lambda db: keys.rotate(db, key, mode=bootstrap.key_mode(Settings())))
    typer.echo(
        "both are good now; `hub key list` shows which is used, then revoke the old:", err=True
    )
    typer.echo(token)


@key_app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="Its id, or the key itself.")]) -> None:
    """End a key; within five seconds nobody takes it any more."""
    _run(lambda db: keys.revoke(db, key))
    typer.echo("revoked")


@key_app.command("list")
def listed(tenant: Annotated[str | None, typer.Option(help="Only of this tenant.")] = None) -> None:
    """List keys, without their secrets."""
    found = _run(lambda db: keys.issued(db, tenant))
    if not found:
        typer.echo("no keys yet; run: hub key create TENANT NAME")
        return
    names = ("id", "tenant", "principal", "role", "scopes", "created", "used", "ends", "revoked")
    rows = [
        (
            *(one.id, one.tenant, one.principal, one.role),
            "all" if one.scopes is None else " ".join(one.scopes),
            *map(_minute, (one.created_at, one.used_at, one.expires_at, one.revoked_at)),
        )
        for one in found
    ]
    Listing(names, rows, whole=tuple(name for name in names if name != "scopes")).show()


@basic_app.command("set")
def basic_set(
    tenant: str, name: str, role: Annotated[str, typer.Option()] = Role.INTEGRATION.value
) -> None:
    """Give a user name a new password. It is printed now and can never be read again."""
    password = _run(lambda db: basic.issue(db, tenant, name, keys.COMMAND, role))
    typer.echo(f"password of {name} at {tenant}; keep it, it is shown only now:", err=True)
    typer.echo(password)


@basic_app.command("revoke")
def basic_revoke(tenant: str, name: str) -> None:
    """End a user name; within five seconds nobody takes it any more."""
    _run(lambda db: basic.revoke(db, tenant, name, keys.COMMAND))
    typer.echo("revoked")


@basic_app.command("list")
def basic_list(tenant: Annotated[str | None, typer.Option()] = None) -> None:
    """List user names, without their passwords."""
    names = ("tenant", "user", "role", "created", "revoked")
    rows = [
        (
            row["tenant"],
            row["name"],
            row["role"],
            *map(_minute, (row["created_at"], row["revoked_at"])),
        )
        for row in _run(lambda db: basic.listed(db, tenant))
    ]
    Listing(names, rows, whole=names).show()


@token_app.command("rotate")
def token_rotate() -> None:
    """Sign with a new key from now on; what was signed before is good until it is over."""
    keyring = bootstrap.keyring(Settings())
    kid = _run(lambda db: tokens.rotate(db, keyring, keys.COMMAND))
    typer.echo(f"access tokens are signed with {kid} from now on")


@token_app.command("list")
def token_list() -> None:
    """List the keys that sign tokens."""
    names = ("kid", "created", "retired")
    rows = [
        (row["kid"], *map(_minute, (row["created_at"], row["retired_at"])))
        for row in _run(tokens.listed)
    ]
    Listing(names, rows, whole=names).show()


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
