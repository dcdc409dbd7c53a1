"""A merchant that was erased: whoever still posts is told to stop, and what had landed is let go."""

import pytest

from hub.access.sources import Sources
from hub.audit.entries import By
from hub.privacy.leaving import Leaver
from schemas.topics import Topic
from tests.intake.corner import TENANT, Shop, a_door, a_translator, accounted, at_work, land

pytestmark = pytest.mark.servers


async def erase(shop: Shop) -> None:
    leaver = Leaver(shop.database, [], [])
    await leaver.ask(TENANT, By(kind="operator", id="ops"), "the contract ended")
    await leaver.work(TENANT)


async def test_whoever_posts_is_told_that_it_is_gone_and_not_to_come_again(shop: Shop) -> None:
    await erase(shop)
    async with a_door(shop):
        answer = await shop.post(b'[{"order": "A-1"}]')

    assert answer.status_code == 410
    assert answer.json()["type"] == "urn:warranty-hub:problem:tenant-erased"
    assert "stop sending" in answer.json()["detail"]
    assert "retry-after" not in answer.headers
    assert await shop.landed() == []


async def test_a_door_that_knew_it_hears_within_its_memory(shop: Shop) -> None:
    async with a_door(shop) as door:
        door.sources = Sources(door.sources.store, door.sources.load, max_age=0.0)
        before = await shop.post(b'[{"order": "A-1"}]')
        await erase(shop)
        after = await shop.post(b'[{"order": "A-2"}]', id_="msg_2")

    assert (before.status_code, after.status_code) == (202, 410)


async def test_what_had_landed_means_nothing_any_more_and_holds_nobody(
    shop: Shop, intake: Topic
) -> None:
    await land(shop, {"order": "A-1", "serials": ["001"], "customer": {"name": "Ada"}})
    await land(shop, {"order": "A-2", "serials": 7}, delivery="bad")
    await erase(shop)
    async with at_work(a_translator(shop, shop.database, intake)):
        figures = await accounted(shop, 2)

    assert (figures["meaningless"], figures["parked"], figures["events"]) == (2, 0, 0)
    assert await shop.database.fetchval("select count(*)::int from item") == 0
