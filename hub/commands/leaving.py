"""A merchant that left: first what would go of it, then, once its name was typed, all of it for good."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hub import bootstrap
from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.bootstrap.retain import as_received
from hub.commands.asking import Reason, Whoever, asker, with_keys
from hub.commands.installation import tenant_app
from hub.commands.listing import Listing
from hub.commands.processes import refusals_said
from hub.privacy.erasing import Eraser
from hub.privacy.leaving import Figures, Leaver, LeavingError, check_reason, leaver
from hub.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the command of this file to those about merchants, which are there already."""
    del app
    tenant_app.command("erase")(erase)


def erase(
    tenant: Annotated[str, typer.Argument(show_default=False)],
    reason: Reason,
    by: Whoever = "",
    *,
    go: Annotated[
        bool, typer.Option("--go", help="Do it, once the merchant's name was typed again.")
    ] = False,
) -> None:
    """Erase a merchant that left: its keys, people, contacts and whatever is sealed for it. Shows what, first."""
    with refusals_said():
        check_reason(reason)

    async def look(db: Database, keys: Keyring) -> Figures:
        return await _leaver(db, keys).figures(tenant)

    _show(tenant, with_keys(look))
    if not go:
        typer.echo("nothing was done; --go does it, for good")
        return
    with refusals_said():
        _confirm(tenant)

    async def run(db: Database, keys: Keyring) -> str | None:
        leaving = _leaver(db, keys)
        await leaving.ask(tenant, By(kind="operator", id=asker(by)), reason)
        await leaving.work(tenant)
        return await leaving.report(tenant)

    report = with_keys(run)
    typer.echo(f"{tenant} is erased")
    typer.echo(msgspec.json.format(report or "null"))


def _leaver(db: Database, keys: Keyring) -> Leaver:
    eraser = Eraser(db, bootstrap.today(keys), as_received())
    return leaver(eraser, Path(Settings().drop_folder))


def _confirm(tenant: str) -> None:
    asked = f"Nothing brings it back. Type {tenant} to erase it"
    typed = typer.prompt(asked) if sys.stdin.isatty() else sys.stdin.readline()
    if typed.strip() != tenant:
        raise LeavingError(f"{typed.strip()!r} is not {tenant!r}, so nothing was done")


def _show(tenant: str, found: Figures) -> None:
    names = ("what", "becomes", "how_many")
    rows = [
        *((what, "goes", str(count)) for what, count in found.goes.items()),
        *((what, "stays", str(count)) for what, count in found.stays.items()),
        *(
            (one.topic, f"readable until {one.until:%Y-%m-%d}", "-")
            for one in found.still_on_topics
        ),
    ]
    Listing(names, rows, whole=names, title=f"what is kept of {tenant}").show()
