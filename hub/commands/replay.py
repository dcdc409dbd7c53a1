"""Translating once more what landed, and going on without what retention removed."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub import bootstrap, registry
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.commands.asking import Reason, Whoever, asker, with_database, with_kafka
from hub.commands.item_telling import replay_told
from hub.commands.items import Json
from hub.commands.listing import screen
from hub.commands.processes import refusals_said
from hub.commands.trail import instant
from hub.recovery.replay_rehearsal import ReplayRehearsed, rehearse_replay
from hub.recovery.replays import Replaying, Span, replaying
from hub.recovery.replays import replay as begin
from hub.recovery.skip import skip_raw as skip_to
from hub.recovery.spot import Spot, reason_of
from hub.settings import Settings
from schemas.topics import raw

LOOK_SECONDS = 0.5
Moment = Annotated[
    str, typer.Option(help="When the first of it landed: an ISO time, or 2h, 3d ago.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(replay)
    app.command("skip-raw")(skip_raw)


def replay(  # noqa: PLR0913 - a range has as many parts
    connector: Annotated[str, typer.Argument(help="The connector's entry point.")],
    since: Moment,
    *,
    until: Annotated[str | None, typer.Option(help="The same; now, where absent.")] = None,
    tenant: str | None = None,
    source: str | None = None,
    reason: Annotated[str, typer.Option(help="Why; needed unless it is a dry run.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what it would say.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Records a partition in a dry run.")] = 10_000,
    details: Annotated[int, typer.Option("--show", min=0, help="Records shown in full.")] = 0,
    watch: Annotated[bool, typer.Option("--watch", help="Show how far it is.")] = False,
    by: Whoever = "",
    as_json: Json = False,
) -> None:
    """Translate once more what landed in a time; where the mapping has changed, that corrects it."""
    with refusals_said():
        topic = raw(registry.connector(connector).name).name
    end = instant("--until", until) if until else datetime.now(UTC)
    span = Span(
        topic=topic, since=instant("--since", since), until=end, tenant=tenant, source=source
    )
    if dry_run:
        _rehearse(span, limit, details, as_json=as_json)
        return
    with refusals_said():
        why = reason_of(reason, "a replay")
    begun = with_kafka(lambda db, peek: begin(db, peek, span, why, by=asker(by)))
    for one in begun:
        place = f"{topic}[{one.partition}]"
        typer.echo(
            f"{place} is translated again from {one.from_offset} until before {one.to_offset}"
        )
    if watch:
        _watch([one.n for one in begun])


def _rehearse(span: Span, limit: int, details: int, *, as_json: bool) -> None:
    async def run(db: Database, peek: Peek) -> ReplayRehearsed:
        settings = Settings()
        today = bootstrap.today(await bootstrap.knowing(settings, db))
        return await rehearse_replay(db, peek, today, span, limit=limit, details=details)

    told = with_kafka(run)
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        screen().print(replay_told(told))


def _watch(numbers: list[int]) -> None:
    async def run(db: Database) -> list[Replaying]:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, TimeElapsedColumn(), console=screen()) as bar:
            task = bar.add_task("offsets")
            while True:
                found = await replaying(db, numbers)
                total = sum(one.to_offset - one.from_offset for one in found)
                done = sum(one.next_offset - one.from_offset for one in found)
                bar.update(task, total=total, completed=done)
                if all(one.done_at for one in found):
                    return found
                await asyncio.sleep(LOOK_SECONDS)

    with_database(run)


def skip_raw(
    topic: str,
    partition: int,
    to: Annotated[int, typer.Option(help="The first offset that is translated again.")],
    reason: Reason,
) -> None:
    """Let a partition go on after retention removed what was never translated."""
    spot = Spot(topic, partition, to)
    skipped = with_kafka(lambda db, peek: skip_to(db, peek, spot, reason))
    typer.echo(f"{topic}[{partition}] goes on at {to}; {skipped.count} records are lost")
