"""What an operator does about events that wait, and about projections."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from hub import bootstrap, registry
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.commands.listing import JSON_LINES, Listing
from hub.commands.processes import refusals_said
from hub.ledger.rebuild import Rebuild
from hub.recovery import items as tools
from hub.recovery.figures import partition_count, read_partitions
from hub.recovery.skip import skip as skip_to
from hub.settings import Settings

T = TypeVar("T")
Reason = Annotated[str, typer.Option("--reason", help="Kept in the ledger for ever.")]
Wait = Annotated[float, typer.Option(help="Seconds to wait until the owner has acted.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(items)
    app.command()(redrive)
    app.command("give-up")(give_up)
    app.command()(skip)
    app.command()(rebuild)


def items(  # noqa: PLR0913 - each narrows the list, or says how it is shown
    state: Annotated[str | None, typer.Option(help="retrying, held or dead_lettered")] = None,
    tenant: str | None = None,
    reason: Annotated[str | None, typer.Option(help="A text the reason contains.")] = None,
    limit: int = 100,
    *,
    error: Annotated[
        bool, typer.Option("--error", help="Print what each failed with, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_LINES)] = False,
) -> None:
    """List events that wait for another try or for a person."""
    where = tools.Filter(state=state, tenant=tenant, reason=reason, limit=limit)  # type: ignore[arg-type]
    found = _with_database(lambda db: tools.list_items(db, where))
    if as_json:
        for item in found:
            typer.echo(msgspec.json.encode(item).decode())
        return
    if found:
        _listing(found).show()
    else:
        typer.echo("nothing waits")
    for item in found if error else ():
        if item.error:
            typer.echo(f"\n{item.spot} failed with\n{item.error.rstrip()}")


def _listing(found: Sequence[tools.Item]) -> Listing:
    names = ("where", "state", "attempt", "tenant", "type", "event", "age s", "reason")
    rows = [
        (
            str(item.spot),
            item.state,
            str(item.attempt),
            item.tenant,
            item.type,
            item.event_id,
            f"{item.age_seconds:.0f}",
            item.reason,
        )
        for item in found
    ]
    return Listing(names, rows, whole=names[:-1])


def redrive(topic: str, partition: int, offset: int, reason: Reason, wait: Wait = 10) -> None:
    """Have one event decided again, now."""
    spot = tools.Spot(topic, partition, offset)
    _want(spot, lambda db: tools.redrive(db, spot, reason), wait)


def give_up(topic: str, partition: int, offset: int, reason: Reason, wait: Wait = 10) -> None:
    """End one event undecided; what its home holds behind it goes on."""
    spot = tools.Spot(topic, partition, offset)
    _want(spot, lambda db: tools.give_up(db, spot, reason), wait)


def skip(
    topic: str,
    partition: int,
    to: Annotated[int, typer.Option(help="The first offset that is decided again.")],
    reason: Reason,
) -> None:
    """Let a partition go on after retention removed what was never decided."""

    async def run(db: Database) -> None:
        async with Peek(Settings().kafka_settings()) as peek:
            skipped = await skip_to(db, peek, tools.Spot(topic, partition, to), reason)
        typer.echo(f"{topic}[{partition}] goes on at {to}; {skipped.count} offsets are lost")

    _with_database(run)


def rebuild(projection: str) -> None:
    """Make a projection's table anew from the ledger, while the old one goes on being read."""
    with refusals_said():
        chosen = registry.projection(projection)
    source = next(p for p in registry.processors().values() if p.writes == chosen.reads)

    def show(done: int, total: int) -> None:
        typer.echo(f"{projection}: {done} of {total} status events", err=True)

    async def run(db: Database) -> int:
        # What the ledger was born with, whatever this shell's HUB_PARTITIONS says.
        partitions = partition_count(await read_partitions(db, source.reads.name))
        if not partitions:
            message = (
                f"the ledger of {source.reads.name} has not begun; nothing is there to rebuild"
            )
            raise tools.NotPossibleError(message)
        return await Rebuild(db, chosen, source.reads.name, partitions, show).run(anew=True)

    done = _with_database(run)
    typer.echo(f"{projection} stands on {done} status events")


def _want(
    spot: tools.Spot, act: Callable[[Database], Coroutine[Any, Any, None]], wait: float
) -> None:
    async def run(db: Database) -> tools.Acted:
        await act(db)
        return (await tools.wait_until_acted(db, [spot], wait))[spot]

    acted = _with_database(run)
    typer.echo(f"{spot}: {acted}")
    raise typer.Exit(0 if acted is tools.Acted.SETTLED else 1)


def _with_database(run: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        async with bootstrap.database(Settings(), size=2) as db:
            return await run(db)

    with refusals_said():
        return asyncio.run(inside())
