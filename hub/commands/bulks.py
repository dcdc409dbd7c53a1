"""Wishes for one item or for all that fit, so many a second, and how far those are."""

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub.adapters.postgres import Database
from hub.commands.asking import Reason, Whoever, asker, with_database
from hub.commands.filtering import filtered
from hub.commands.item_acts import WAIT_SECONDS, Wait, want
from hub.commands.item_listing import bulk_listing
from hub.commands.items import Json
from hub.commands.listing import screen
from hub.recovery import bulk, wishes
from hub.recovery.bulk_progress import Bulk, Wanted, list_bulks, progress
from hub.recovery.choosing import Filter
from hub.recovery.spot import Spot

LOOK_SECONDS = 0.5
Rate = Annotated[float, typer.Option(help="Items a second, where many fit.")]
Where = Annotated[str | None, typer.Argument(help="One item, as `hub items` prints it; or none.")]
Number = Annotated[int | None, typer.Argument()]
Watch = Annotated[bool, typer.Option("--watch", help="Show how far it is until it is over.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(redrive)
    app.command("give-up")(give_up)
    app.command()(redrives)


@filtered
def redrive(  # noqa: PLR0913 - one item, or all that fit and how fast
    topic: Where = None,
    partition: Number = None,
    offset: Number = None,
    *,
    where: Filter,
    reason: Reason,
    rate: Rate = 50.0,
    wait: Wait = WAIT_SECONDS,
    watch: Watch = False,
    by: Whoever = "",
) -> None:
    """Have one item tried again, now, or all that fit, so many a second."""
    if (spot := _spot(topic, partition, offset)) is not None:
        want(spot, lambda db: wishes.redrive(db, spot, reason, by=asker(by)), wait)
    _many("redrive", where, reason, rate, asker(by), watch=watch)


@filtered
def give_up(  # noqa: PLR0913 - one item, or all that fit and how fast
    topic: Where = None,
    partition: Number = None,
    offset: Number = None,
    *,
    where: Filter,
    reason: Reason,
    rate: Rate = 50.0,
    wait: Wait = WAIT_SECONDS,
    watch: Watch = False,
    by: Whoever = "",
) -> None:
    """End one item undecided, or all that fit; what waits behind goes on."""
    if (spot := _spot(topic, partition, offset)) is not None:
        want(spot, lambda db: wishes.give_up(db, spot, reason, by=asker(by)), wait)
    _many("give_up", where, reason, rate, asker(by), watch=watch)


def redrives(  # noqa: PLR0913 - which one, what of it, why and by whom
    tenant: str | None = None,
    watch: Annotated[
        int | None, typer.Option(help="Show how far this one is until it is over.")
    ] = None,
    stop: Annotated[int | None, typer.Option(help="Take back what this one still wants.")] = None,
    go_on: Annotated[
        int | None, typer.Option("--continue", help="Want the rest of this one again.")
    ] = None,
    *,
    reason: Reason = "",
    by: Whoever = "",
    as_json: Json = False,
) -> None:
    """List what was wanted of many items at once, or watch, stop or continue one of those."""
    if stop is not None:
        taken = with_database(lambda db: bulk.stop(db, stop, reason, by=asker(by)))
        typer.echo(f"bulk {stop}: {taken} items are left as they are")
    elif go_on is not None:
        with_database(lambda db: bulk.go_on(db, go_on, reason, by=asker(by)))
        typer.echo(f"bulk {go_on} goes on")
    elif watch is not None:
        _watch(watch)
    else:
        _list(tenant, as_json=as_json)


def _list(tenant: str | None, *, as_json: bool) -> None:
    found = with_database(lambda db: list_bulks(db, tenant))
    if as_json:
        for one in found:
            typer.echo(msgspec.json.encode(one).decode())
    elif found:
        bulk_listing(found).show()
    else:
        typer.echo("nothing was wanted of many items at once")


def _spot(topic: str | None, partition: int | None, offset: int | None) -> Spot | None:
    if topic is None:
        return None
    if partition is None or offset is None:
        raise typer.BadParameter("name topic, partition and offset, as `hub items` does")
    return Spot(topic, partition, offset)


def _many(  # noqa: PLR0913 - what is wanted of which, why, how fast and by whom
    wanted: Wanted, where: Filter, why: str, rate: float, by: str, *, watch: bool
) -> None:
    number = with_database(lambda db: bulk.begin(db, where, why, by=by, rate=rate, wanted=wanted))
    one = with_database(lambda db: progress(db, number))
    typer.echo(
        f"bulk {number}: {one.total} items, {rate:g} a second; `hub redrives --watch {number}`"
    )
    if watch:
        _watch(number)


def _watch(number: int) -> None:
    async def run(db: Database) -> Bulk:
        columns = TextColumn("bulk {task.description}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, TimeElapsedColumn(), console=screen()) as bar:
            task = bar.add_task(str(number))
            while True:
                one = await progress(db, number)
                bar.update(task, total=one.total, completed=one.total - one.still_wanted)
                if one.is_over or one.ended_at is not None:
                    return one
                await asyncio.sleep(LOOK_SECONDS)

    one = with_database(run)
    typer.echo(f"bulk {number} is {one.state}: {one.settled} settled, {one.open_again} open again")
    raise typer.Exit(0 if one.settled == one.total else 1)
