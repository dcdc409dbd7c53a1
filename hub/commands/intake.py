"""What takes in and translates, and what an operator does about records that could not be translated."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from hub import bootstrap, registry
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.bootstrap.ingress import ingress as run_ingress
from hub.bootstrap.pull import pull as run_pull
from hub.bootstrap.translate import translate as run_translate
from hub.commands.listing import JSON_LINES, Listing
from hub.commands.processes import refusals_said
from hub.intake import parked as tools
from hub.settings import Settings
from schemas.topics import raw

T = TypeVar("T")
Reason = Annotated[str, typer.Option("--reason", help="Why; kept beside what it leads to.")]
Connector = Annotated[str, typer.Argument(help="The connector's entry point.")]
Moment = Annotated[
    datetime, typer.Option(formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])
]

parked_app = typer.Typer(no_args_is_help=True, help="Records that could not be translated.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(ingress)
    app.command()(translate)
    app.command()(pull)
    app.add_typer(parked_app, name="parked")
    app.command("replay-raw")(replay_raw)
    app.command("skip-raw")(skip_raw)


def ingress() -> None:
    """Take in what sources push; answered only once it is on Kafka."""
    with refusals_said():
        asyncio.run(run_ingress(Settings()))


def translate(name: Connector = "pos") -> None:
    """Translate what a connector's sources have landed into events."""
    with refusals_said():
        asyncio.run(run_translate(Settings(), name))


def pull(name: Connector) -> None:
    """Ask a connector's sources for what is new, again and again."""
    with refusals_said():
        asyncio.run(run_pull(Settings(), name))


@parked_app.command("list")
def parked_list(  # noqa: PLR0913 - each narrows the list, or says how it is shown
    connector: Annotated[str | None, typer.Option()] = None,
    tenant: str | None = None,
    source: str | None = None,
    code: Annotated[str | None, typer.Option(help="Why it was parked, in one word.")] = None,
    limit: int = 100,
    *,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_LINES)] = False,
) -> None:
    """List records that could not be translated."""
    where = _filter(connector, tenant, source, code, limit)
    found = _with_database(lambda db: tools.list_parked(db, where))
    if as_json:
        for one in found:
            typer.echo(msgspec.json.encode(one).decode())
        return
    if not found:
        typer.echo("nothing is parked")
        return
    names = ("where", "code", "source", "age s", "wanted", "reason")
    rows = [
        (
            str(one.spot),
            one.code,
            f"{one.tenant}/{one.source}",
            f"{one.age:.0f}",
            one.wanted or "",
            one.reason,
        )
        for one in found
    ]
    Listing(names, rows, whole=names[:-1]).show()


@parked_app.command("show-reason")
def parked_show_reason(topic: str, partition: int, offset: int) -> None:
    """Show why one record is parked, with the traceback where our code is at fault."""
    spot = tools.Spot(topic, partition, offset)
    keyring = bootstrap.keyring(Settings())
    one, error = _with_database(lambda db: tools.explain(db, keyring, spot))
    typer.echo(f"{spot} of {one.tenant}/{one.source}, {one.raw_id}, revision {one.revision}")
    typer.echo(f"{one.code}: {one.reason}")
    if error:
        typer.echo(f"\n{error.rstrip()}")


@parked_app.command("retry")
def parked_retry(  # noqa: PLR0913, PLR0917 - one record, or all that fit
    reason: Reason,
    topic: Annotated[str | None, typer.Argument()] = None,
    partition: Annotated[int | None, typer.Argument()] = None,
    offset: Annotated[int | None, typer.Argument()] = None,
    connector: Annotated[str | None, typer.Option()] = None,
    tenant: Annotated[str | None, typer.Option()] = None,
    source: Annotated[str | None, typer.Option()] = None,
    code: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Have one parked record translated again, or all that fit the options."""
    if topic is not None:
        if partition is None or offset is None:
            raise typer.BadParameter("name topic, partition and offset, as `hub parked list` does")
        spot = tools.Spot(topic, partition, offset)
        _with_database(lambda db: tools.retry(db, spot, reason))
        typer.echo(f"{spot} will be translated again")
        return
    where = _filter(connector, tenant, source, code, 0)
    count = _with_database(lambda db: tools.retry_all(db, where, reason))
    typer.echo(f"{count} parked records will be translated again")


@parked_app.command("give-up")
def parked_give_up(topic: str, partition: int, offset: int, reason: Reason) -> None:
    """End one parked record; it will never be translated."""
    spot = tools.Spot(topic, partition, offset)
    _with_database(lambda db: tools.give_up(db, spot, reason))
    typer.echo(f"{spot} will be given up")


def replay_raw(
    connector: Connector,
    since: Annotated[datetime, typer.Option("--from", help="When the first of it landed, UTC.")],
    reason: Reason,
    until: Annotated[datetime | None, typer.Option("--to", help="Now, where absent.")] = None,
) -> None:
    """Translate once more what landed in a time; where the mapping has changed, that corrects it."""
    with refusals_said():
        topic = raw(registry.connector(connector).name).name
    end = datetime.now(UTC) if until is None else until.replace(tzinfo=until.tzinfo or UTC)
    span = tools.Span(topic, since.replace(tzinfo=since.tzinfo or UTC), end)
    ranges = _with_kafka(lambda db, peek: tools.replay(db, peek, span, reason))
    for part, (first, last) in sorted(ranges.items()):
        typer.echo(f"{topic}[{part}] will be translated again from {first} until before {last}")


def skip_raw(
    topic: str,
    partition: int,
    to: Annotated[int, typer.Option(help="The first offset that is translated again.")],
    reason: Reason,
) -> None:
    """Let a partition go on after retention removed what was never translated."""
    spot = tools.Spot(topic, partition, to)
    count = _with_kafka(lambda db, peek: tools.skip(db, peek, spot, reason))
    typer.echo(f"{topic}[{partition}] goes on at {to}; {count} records are lost")


def _filter(
    connector: str | None, tenant: str | None, source: str | None, code: str | None, limit: int
) -> tools.Filter:
    topic = raw(connector).name if connector else None
    return tools.Filter(topic=topic, tenant=tenant, source=source, code=code, limit=limit)


def _with_database(run: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def inside() -> T:
        async with bootstrap.database(Settings(), size=2) as db:
            return await run(db)

    with refusals_said():
        return asyncio.run(inside())


def _with_kafka(run: Callable[[Database, Peek], Coroutine[Any, Any, T]]) -> T:
    async def with_peek(db: Database) -> T:
        async with Peek(Settings().kafka_settings()) as peek:
            return await run(db, peek)

    return _with_database(with_peek)
