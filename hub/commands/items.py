"""What waits: listed, counted, shown, and tried without being decided."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
import typer

from hub import bootstrap
from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.commands.asking import Offset, Partition, Topic, Whoever, asker, with_database, with_keys
from hub.commands.filtering import filtered
from hub.commands.item_listing import group_listing, item_listing
from hub.commands.item_telling import rehearsal_told, rehearsals_told, shown_told
from hub.commands.listing import JSON_LINES, screen
from hub.recovery.choosing import Filter
from hub.recovery.groups import groups as find_groups
from hub.recovery.items import page
from hub.recovery.opening import Opened, look
from hub.recovery.rehearsal import rehearse as try_one
from hub.recovery.rehearsal import rehearse_many
from hub.recovery.showing import Shown
from hub.recovery.showing import show as find_one
from hub.recovery.spot import Spot

items_app = typer.Typer(help="What waits for another try, for others or for a person.")
Json = Annotated[bool, typer.Option("--json", help=JSON_LINES)]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(items_app, name="items")


@items_app.callback(invoke_without_command=True)
@filtered
def items(
    context: typer.Context,
    *,
    where: Filter,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 100,
    cursor: Annotated[str | None, typer.Option(help="As the page before has named it.")] = None,
    as_json: Json = False,
) -> None:
    """List what waits for another try, for others or for a person; or do something about it."""
    if context.invoked_subcommand is not None:
        return
    found = with_database(lambda db: page(db, where, limit=limit, cursor=cursor))
    if as_json:
        _lines(found.items)
    elif found.items:
        item_listing(found.items).show()
    else:
        typer.echo("nothing waits")
    if found.cursor:
        typer.echo(f"more: --cursor {found.cursor}", err=True)


@items_app.command()
@filtered
def groups(
    *,
    where: Filter,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
    as_json: Json = False,
) -> None:
    """Count what waits by what it has in common, the largest group first."""
    found = with_database(lambda db: find_groups(db, where, limit))
    if as_json:
        _lines(found)
    elif found:
        group_listing(found).show()
    else:
        typer.echo("nothing waits")


@items_app.command()
def show(  # noqa: PLR0913 - a place, and how much of what stands there
    topic: Topic,
    partition: Partition,
    offset: Offset,
    payload: Annotated[
        str, typer.Option(help="Open the payload, too; say why: it is kept for ever.")
    ] = "",
    by: Whoever = "",
    *,
    as_json: Json = False,
) -> None:
    """Show everything about one item; its payload only where a reason is given."""
    spot = Spot(topic, partition, offset)

    async def run(db: Database, keys: Keyring) -> tuple[Shown, Opened | None]:
        shown = await find_one(db, spot)
        if not payload:
            return shown, None
        today = bootstrap.today(keys)
        return shown, await look(db, today, spot, payload, by=asker(by))

    shown, opened = with_keys(run)
    if as_json:
        _lines([shown, *([opened] if opened else [])])
    else:
        screen().print(shown_told(shown, opened))


@items_app.command()
@filtered
def rehearse(  # noqa: PLR0913 - one item, or all that fit
    topic: Annotated[str | None, typer.Argument()] = None,
    partition: Annotated[int | None, typer.Argument()] = None,
    offset: Annotated[int | None, typer.Argument()] = None,
    *,
    where: Filter,
    limit: Annotated[int, typer.Option(min=1, help="Try so many, where many fit.")] = 1_000,
    details: Annotated[int, typer.Option("--show", min=0, help="Show so many in full.")] = 0,
    as_json: Json = False,
) -> None:
    """Try one item, or all that fit, with today's code and settings; nothing is written."""
    if topic is None:
        many = with_keys(
            lambda db, keys: rehearse_many(
                db, bootstrap.today(keys), where, limit=limit, details=details
            )
        )
        _lines([many]) if as_json else screen().print(rehearsals_told(many))
        return
    if partition is None or offset is None:
        raise typer.BadParameter("name topic, partition and offset, as `hub items` does")
    spot = Spot(topic, partition, offset)
    one = with_keys(lambda db, keys: try_one(db, bootstrap.today(keys), spot))
    _lines([one]) if as_json else screen().print(rehearsal_told(one))


def _lines(found: Iterable[object]) -> None:
    for line in msgspec.json.Encoder().encode_lines(found).splitlines():
        typer.echo(line.decode())
