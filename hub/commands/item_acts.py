"""What an operator does about one item: a note, an edit, a hold, another try, the end."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import click
import msgspec
import typer

from hub import bootstrap
from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.commands.asking import (
    Offset,
    Partition,
    Reason,
    Topic,
    Whoever,
    asker,
    with_database,
    with_keys,
)
from hub.commands.item_listing import note_listing
from hub.commands.items import Json, items_app
from hub.commands.trail import instant
from hub.domain.notes import CODES
from hub.recovery import wishes
from hub.recovery.editing import Edited, edit, undo
from hub.recovery.items import find
from hub.recovery.notes import note, search_notes
from hub.recovery.opening import look
from hub.recovery.spot import Spot
from hub.recovery.wishes import Acted

WAIT_SECONDS = 10.0
Wait = Annotated[float, typer.Option(help="Seconds to wait until the owner has acted.")]
Code = Annotated[str, typer.Option(help=", ".join(CODES))]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(notes)
    items_app.command("note")(write_note)
    items_app.command("edit")(edit_payload)
    items_app.command()(hold)
    items_app.command()(release)
    items_app.command()(retry)
    items_app.command("give-up")(give_up)


def write_note(  # noqa: PLR0913, PLR0917 - a place, and what is noted of it
    topic: Topic,
    partition: Partition,
    offset: Offset,
    text: Annotated[str, typer.Argument()] = "",
    code: Code = "other",
    by: Whoever = "",
) -> None:
    """Write a note about one item; it outlives the item and stands in its trace."""
    spot = Spot(topic, partition, offset)
    number = with_database(lambda db: note(db, spot, code, text, by=asker(by)))
    typer.echo(f"{spot}: note {number}")


def notes(
    text: Annotated[str | None, typer.Option(help="A text that the note contains.")] = None,
    code: Annotated[str | None, typer.Option(help=", ".join(CODES))] = None,
    tenant: str | None = None,
    since: Annotated[str, typer.Option(help="An ISO time, or 15m, 2h, 3d ago.")] = "30d",
    *,
    as_json: Json = False,
) -> None:
    """Search what was noted about items, open and settled ones."""
    begin = instant("--since", since)
    found = with_database(
        lambda db: search_notes(db, text=text, code=code, tenant=tenant, since=begin)
    )
    if as_json:
        for one in found:
            typer.echo(msgspec.json.encode(one).decode())
    elif found:
        note_listing(found).show()
    else:
        typer.echo("no note fits")


def edit_payload(  # noqa: PLR0913, PLR0917 - a place, what stands there from now on, and why
    topic: Topic,
    partition: Partition,
    offset: Offset,
    reason: Reason,
    file: Annotated[
        Path | None,
        typer.Option(help="The new body; $EDITOR opens the one there is, where absent."),
    ] = None,
    by: Whoever = "",
    *,
    original: Annotated[bool, typer.Option("--original", help="Put it back as it came.")] = False,
) -> None:
    """Put a mended body in the place of one item's; `retry` then has it tried."""
    spot, who = Spot(topic, partition, offset), asker(by)

    async def run(db: Database, keys: Keyring) -> Edited | None:
        today = bootstrap.today(keys)
        if original:
            return await undo(db, today, spot, reason, by=who)
        if file is not None:
            return await edit(db, today, spot, file.read_bytes(), reason, by=who)
        # An editor may be open for long, and another person may be quicker.
        seen = (await find(db, spot)).version
        opened = await look(db, today, spot, f"to edit it: {reason}", by=who)
        text = click.edit(opened.text, extension=".json")
        if text is None:
            return None
        return await edit(db, today, spot, text.encode(), reason, by=who, version=seen)

    edited = with_keys(run)
    if edited is None:
        typer.echo(f"{spot}: left as it was")
        raise typer.Exit(1)
    changed = ", ".join(place or "the whole" for place in edited.changed) or "nothing"
    typer.echo(f"{spot}: {changed} changed; `hub items retry` has it tried")


def hold(
    topic: Topic, partition: Partition, offset: Offset, reason: Reason, by: Whoever = ""
) -> None:
    """Keep one item from being tried until somebody releases or redrives it."""
    spot = Spot(topic, partition, offset)
    with_database(lambda db: wishes.hold(db, spot, reason, by=asker(by)))
    typer.echo(f"{spot} is on hold")


def release(
    topic: Topic, partition: Partition, offset: Offset, reason: Reason, by: Whoever = ""
) -> None:
    """Let one item that is on hold go on when it is due."""
    spot = Spot(topic, partition, offset)
    with_database(lambda db: wishes.release(db, spot, reason, by=asker(by)))
    typer.echo(f"{spot} is on hold no longer")


def retry(  # noqa: PLR0913, PLR0917 - a place, why, and how long to wait
    topic: Topic,
    partition: Partition,
    offset: Offset,
    reason: Reason,
    wait: Wait = WAIT_SECONDS,
    by: Whoever = "",
) -> None:
    """Have one item tried again, now."""
    spot = Spot(topic, partition, offset)
    want(spot, lambda db: wishes.redrive(db, spot, reason, by=asker(by)), wait)


def give_up(  # noqa: PLR0913, PLR0917 - a place, why, and how long to wait
    topic: Topic,
    partition: Partition,
    offset: Offset,
    reason: Reason,
    wait: Wait = WAIT_SECONDS,
    by: Whoever = "",
) -> None:
    """End one item undecided; what waits behind it goes on."""
    spot = Spot(topic, partition, offset)
    want(spot, lambda db: wishes.give_up(db, spot, reason, by=asker(by)), wait)


def want(spot: Spot, act: Callable[[Database], Coroutine[Any, Any, None]], wait: float) -> None:
    """Say a wish, and what its owner has made of it so many seconds later; 1 where it is still open."""

    async def run(db: Database) -> Acted:
        await act(db)
        return (await wishes.wait_until_acted(db, [spot], wait))[spot]

    acted = with_database(run)
    typer.echo(f"{spot}: {acted}")
    raise typer.Exit(0 if acted is Acted.SETTLED else 1)
