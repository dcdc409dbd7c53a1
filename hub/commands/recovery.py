"""What an operator does about partitions that stand still, and about projections."""

from typing import Annotated

import typer

from hub import registry
from hub.adapters.postgres import Database
from hub.commands.asking import Reason, with_database, with_kafka
from hub.commands.processes import refusals_said
from hub.ledger.rebuild import Rebuild
from hub.recovery.figures import partition_count, read_partitions
from hub.recovery.skip import skip as skip_to
from hub.recovery.spot import NotPossibleError, Spot


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(skip)
    app.command()(rebuild)


def skip(
    topic: str,
    partition: int,
    to: Annotated[int, typer.Option(help="The first offset that is decided again.")],
    reason: Reason,
) -> None:
    """Let a partition go on after retention removed what was never decided."""
    spot = Spot(topic, partition, to)
    skipped = with_kafka(lambda db, peek: skip_to(db, peek, spot, reason))
    typer.echo(f"{topic}[{partition}] goes on at {to}; {skipped.count} offsets are lost")


def rebuild(projection: str) -> None:
    """Make a projection's table anew from the ledger, while the old one goes on being read."""
    with refusals_said():
        chosen = registry.projection(projection)
        if chosen.kept:
            message = f"what {projection} holds was acted upon and cannot be made again; it goes on by itself"
            raise NotPossibleError(message)
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
            raise NotPossibleError(message)
        return await Rebuild(db, chosen, source.reads.name, partitions, show).run(anew=True)

    done = with_database(run)
    typer.echo(f"{projection} stands on {done} status events")
