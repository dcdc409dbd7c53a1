"""Storing a step: one transaction, fenced, and never in another's way."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hub.adapters.postgres import Database
from hub.ledger.progress import Place, Step, Target
from hub.sdk.projection import Told
from schemas.envelope import Envelope
from schemas.events.warranty import WarrantyEnded
from tests.projector.desk import HEARD, Desk

pytestmark = pytest.mark.servers

START = Place(0, 0)


def words(told: Told) -> Iterable[tuple[object, ...]]:
    return [(word, 1) for word in (told.envelope.subject or "").split()]


@pytest.fixture
async def target(desk: Desk, database: Database) -> Target:
    """A table of words, on two partitions."""
    await database.execute("insert into projection_progress values ('heard', 0, 1, 0, 0)")
    await database.execute("insert into projection_progress values ('heard', 1, 1, 0, 0)")
    return Target.live(replace(HEARD, rows=words))


def step(text: str) -> Step:
    fact = WarrantyEnded(warranty="w", ended_on=date(2026, 1, 31), reason="returned", connector="c")
    envelope = Envelope("e", "/tenants/t/sources/p", fact.TYPE, datetime.now(UTC), "t", text)
    return Step(Place(1, 1), [Told(envelope, fact, 1)])


async def take(database: Database, target: Target, part: int, text: str) -> bool:
    async with database.transaction() as tx:
        return await target.take(tx, part, START, step(text))


async def test_two_partitions_may_touch_the_same_rows_in_any_order(
    target: Target, database: Database
) -> None:
    async with database.transaction() as tx:
        await target.take(tx, 0, START, step("hot"))
        other = asyncio.create_task(take(database, target, 1, "warm hot"))
        await asyncio.sleep(0.3)
        await tx.execute(HEARD.upsert.format(table="heard"), "warm", 1)

    assert await other
    assert await database.fetchval("select sum(n) from heard") == 4


async def test_a_step_from_an_old_place_stores_nothing(target: Target, database: Database) -> None:
    assert await take(database, target, 0, "a")

    assert not await take(database, target, 0, "b")
    assert await database.fetchval("select array_agg(w) from heard") == ["a"]


async def test_old_code_stores_nothing_over_newer(target: Target, database: Database) -> None:
    await database.execute("update projection_progress set version = 2")

    assert not await take(database, target, 0, "a")


async def test_rows_and_place_are_stored_together_or_not_at_all(
    target: Target, database: Database
) -> None:
    await database.execute("alter table heard add check (w <> 'bad')")

    with pytest.raises(Exception, match="23514"):
        await take(database, target, 0, "good bad")

    assert (await target.places(database)).at[0] == START
    assert await database.fetchval("select count(*) from heard") == 0
