"""What the commands about items have in common: a database, today's code, who asks."""

import asyncio
from collections.abc import Callable, Coroutine
from getpass import getuser
from typing import Annotated, Any, TypeVar

import typer

from hub import bootstrap
from hub.access.keyring import Keyring
from hub.access.permissions import Role
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.commands.processes import refusals_said
from hub.settings import Settings

T = TypeVar("T")

Reason = Annotated[str, typer.Option("--reason", help="Why; kept for ever beside what it does.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept for ever beside what it does.")]
"""Of what explains itself as a rule."""
Whoever = Annotated[
    str,
    typer.Option("--by", envvar="HUB_BY", help="Who asks; you, where absent.", show_default=False),
]
Topic = Annotated[str, typer.Argument(help="As `hub items` prints it.", show_default=False)]
Partition = Annotated[int, typer.Argument(show_default=False)]
Offset = Annotated[int, typer.Argument(show_default=False)]


def asker(by: str) -> str:
    """Who asks: as told, else whoever is logged in."""
    return by or getuser()


def operator(by: str) -> By:
    """The same as the audit names it."""
    return By(kind="operator", id=asker(by), role=Role.OPERATOR)


def with_database(run: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    """Run this with the engine's database; what cannot be done is said."""

    async def inside() -> T:
        async with bootstrap.database(Settings(), size=2) as db:
            return await run(db)

    with refusals_said():
        return asyncio.run(inside())


def with_keys(run: Callable[[Database, Keyring], Coroutine[Any, Any, T]]) -> T:
    """Run this with the engine's database and every tenant's key."""

    async def with_them(db: Database) -> T:
        return await run(db, await bootstrap.knowing(Settings(), db))

    return with_database(with_them)


def with_kafka(run: Callable[[Database, Peek], Coroutine[Any, Any, T]]) -> T:
    """Run this with the engine's database and a reader of Kafka."""

    async def with_peek(db: Database) -> T:
        async with Peek(Settings().kafka_settings()) as peek:
            return await run(db, peek)

    return with_database(with_peek)
