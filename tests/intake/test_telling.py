"""What a waiting record means is told before its row says so: nobody changes the record in between."""

import asyncio
import json
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.adapters.postgres import Database, connect
from hub.audit.landings import decode
from hub.intake.rounds import WRITE
from hub.intake.telling import MARK
from hub.recovery.bulk import begin, stop
from hub.recovery.choosing import Filter
from hub.recovery.editing import edit
from hub.recovery.items import Item, list_items
from hub.recovery.spot import ChangedError, NotPossibleError
from hub.recovery.today import Today
from hub.recovery.wishes import give_up, hold, redrive, release
from schemas.topics import Topic
from tests.intake.corner import (
    KEYRING,
    TENANT,
    Shop,
    a_translator,
    accounted,
    at_work,
    events,
    land,
    settled,
)
from tests.intake.test_translate_crash import a_process

pytestmark = pytest.mark.servers
ME = "ada"


class Halting(Database):
    """A translator's database that halts at one statement until it may go on."""

    def __init__(self, database: Database, statement: str) -> None:
        super().__init__(database._pool)  # noqa: SLF001 - the same pool under another name
        self.statement = statement
        self.reached, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def fetchval(self, sql: str, *values: object) -> Any:
        if sql == self.statement:
            self.reached.set()
            await self.may_go_on.wait()
        return await super().fetchval(sql, *values)


@dataclass
class Scene:
    """A record that waited and is translated at this moment."""

    item: Item
    halted: Halting
    today: Today


@asynccontextmanager
async def translating(shop: Shop, intake: Topic, statement: str) -> AsyncIterator[Scene]:
    """Its translator has halted before one of its statements."""
    item = await parked(shop, intake)
    await shop.store.put(shop.database, TENANT, "corner", shop.connector.name, {"order": "number"})
    await redrive(shop.database, item.spot, "the column is called number", by=ME)
    halted = Halting(shop.database, statement)
    async with at_work(a_translator(shop, halted, intake)):
        await asyncio.wait_for(halted.reached.wait(), 20)
        yield Scene(item, halted, Today(KEYRING, {}, shop.store))


async def parked(shop: Shop, intake: Topic) -> Item:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"number": "A-1"})
        await accounted(shop, 1, parked=1)
    (item,) = await list_items(shop.database)
    return item


async def test_while_it_is_told_nobody_ends_holds_or_edits_it(shop: Shop, intake: Topic) -> None:
    async with translating(shop, intake, WRITE) as scene:
        spot, told = scene.item.spot, await events(shop, intake)
        for wish in (give_up, hold, redrive):
            with pytest.raises(ChangedError, match="translated at this moment"):
                await wish(shop.database, spot, "wait", by="bob")
        with pytest.raises(ChangedError, match="translated at this moment"):
            await edit(shop.database, scene.today, spot, b'{"number": "A-2"}', "mend", by="bob")
        scene.halted.may_go_on.set()
        figures = await settled(shop, translated=1, parked=0)

    assert len(told) == 1, "it was told before its row said so"
    assert (figures["events"], figures["meaningless"]) == (1, 0)
    assert len(await events(shop, intake)) == 1
    assert await list_items(shop.database) == []


async def test_a_bulk_neither_marks_nor_takes_back_what_is_being_told(
    shop: Shop, intake: Topic
) -> None:
    async with translating(shop, intake, WRITE) as scene:
        rows = await shop.database.fetch(
            "insert into redrive (wanted, chosen, rate, why, by) values"
            " ('redrive', '{}', 1, 'the column is called number', 'ada') returning id"
        )
        sooner = rows[0]["id"]
        await shop.database.execute("update item set redrive = $1", sooner)
        later = await begin(
            shop.database, Filter(state="parked"), "no sales", by="bob", rate=9, wanted="give_up"
        )
        assert await stop(shop.database, sooner, "too soon", by="bob") == 0
        scene.halted.may_go_on.set()
        await settled(shop, translated=1, parked=0, meaningless=0)

    assert await shop.database.fetchval("select total from redrive where id = $1", later) == 0
    assert len(await events(shop, intake)) == 1


async def test_a_wish_that_came_before_it_was_told_comes_first(shop: Shop, intake: Topic) -> None:
    async with translating(shop, intake, MARK) as scene:
        await hold(shop.database, scene.item.spot, "ask the shop first", by="bob")
        scene.halted.may_go_on.set()
        await asyncio.sleep(2)

    (item,) = await list_items(shop.database)
    assert item.on_hold == "ask the shop first"
    assert await events(shop, intake) == []
    assert (await accounted(shop, 1, parked=1))["events"] == 0


async def test_after_a_kill_it_is_told_again_before_anybody_may_change_it(
    shop: Shop, intake: Topic
) -> None:
    item = await parked(shop, intake)
    await shop.store.put(shop.database, TENANT, "corner", shop.connector.name, {"order": "number"})
    await redrive(shop.database, item.spot, "the column is called number", by=ME)
    async with a_process(shop, intake, rounds=1) as process:
        assert await process.wait() == -signal.SIGKILL
    with pytest.raises(ChangedError, match="translated at this moment"):
        await give_up(shop.database, item.spot, "a test sale", by="bob")
    # Whatever had made it due is gone by now.
    await shop.database.execute("update item set wanted = null, wanted_why = null")
    async with at_work(a_translator(shop, shop.database, intake)):
        figures = await settled(shop, translated=1, parked=0)

    assert (figures["events"], figures["meaningless"]) == (1, 0)
    first, second = await events(shop, intake)
    assert (first.id, first.body) == (second.id, second.body)


async def test_one_that_nobody_can_open_any_more_may_be_released_and_ended(
    shop: Shop, intake: Topic
) -> None:
    item = await parked(shop, intake)
    strange = Keyring(b"x" * 32).seal(TENANT, b"x")
    await shop.database.execute("update item set telling = 1, sealed = $1", strange)
    held = "select count(*) from item where on_hold is not null"
    async with at_work(a_translator(shop, shop.database, intake)):
        for _ in range(2):
            for _ in range(100):
                if await shop.database.fetchval(held):
                    break
                await asyncio.sleep(0.1)
            await release(shop.database, item.spot, "look again", by=ME)
        for _ in range(100):
            if await shop.database.fetchval(held):
                break
            await asyncio.sleep(0.1)
        await give_up(shop.database, item.spot, "its key is lost", by=ME)
        await settled(shop, meaningless=1, parked=0)


async def test_fresh_records_are_marked_nowhere(shop: Shop, intake: Topic) -> None:
    halted = Halting(shop.database, MARK)
    async with at_work(a_translator(shop, halted, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(50)))
        await accounted(shop, 50)

    assert not halted.reached.is_set()


SERIALS = 30


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_people_do_meanwhile_each_event_has_one_body_and_each_record_one_end(
    shop: Shop, intake: Topic, seed: int
) -> None:
    """Owners lose their claims in the middle, people hold, edit, redrive and give up all the while."""
    chance = random.Random(seed)  # noqa: S311 - a test
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"number": f"A-{n}", "n": n} for n in range(SERIALS)))
        await accounted(shop, SERIALS, parked=SERIALS)
    await shop.store.put(shop.database, TENANT, "corner", shop.connector.name, {"order": "number"})
    items = await list_items(shop.database)
    people = await connect(shop.dsn, size=4)
    acting = [asyncio.create_task(_acts(people, shop, items, seed * 9 + n)) for n in range(3)]
    async with at_work(a_translator(shop, shop.database, intake)):
        while not all(one.done() for one in acting):
            await asyncio.sleep(chance.uniform(0.05, 1))
            # As if another had claimed it and was killed at once: what is in flight cannot be committed.
            await shop.database.execute("update landing_owner set epoch = epoch + 1")
        await asyncio.gather(*acting)
        for item in await list_items(shop.database):
            # What was being told when its owner lost the claim is told again by itself.
            with suppress(NotPossibleError):
                await redrive(shop.database, item.spot, "to the end", by=ME)
        await settled(shop, parked=0)
    await people.close()

    bodies, told = defaultdict(set), set()
    for one in await events(shop, intake):
        bodies[one.id].add(json.dumps(one.body, sort_keys=True))
        told.add(one.headers["hub-raw"].decode())
    assert {len(found) for found in bodies.values()} <= {1}
    ends = await _ends(shop.database)
    assert {raw for raw, outcome in ends.items() if outcome == "translated"} == told


async def _acts(people: Database, shop: Shop, items: list[Item], seed: int) -> None:
    """What one person does, as fast as may be."""
    chance, today = random.Random(seed), Today(KEYRING, {}, shop.store)  # noqa: S311 - a test
    for n in range(60):
        spot, why, by = chance.choice(items).spot, f"reason {n}", f"person {seed}"
        with suppress(NotPossibleError):
            match chance.choice(("redrive", "redrive", "redrive", "hold", "edit", "give_up")):
                case "redrive":
                    await redrive(people, spot, why, by=by)
                case "hold":
                    await hold(people, spot, why, by=by)
                case "give_up":
                    await give_up(people, spot, why, by=by)
                case "edit":
                    await hold(people, spot, why, by=by)
                    body = json.dumps({"number": f"B-{seed}-{n}"}).encode()
                    await edit(people, today, spot, body, why, by=by)
                    await redrive(people, spot, f"{why}, mended", by=by)
        await asyncio.sleep(chance.uniform(0, 0.08))


async def _ends(database: Database) -> dict[str, str]:
    """What each record became at last."""
    rows = await database.fetch("select body from landing order by n")
    return {line.raw: line.outcome for row in rows for line in decode(row["body"])}
