"""What is done, changed or lost at the same moment as something else is neither lost nor done twice."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from hub.delivery import dispatcher
from hub.delivery.chores import Chores
from hub.delivery.endpoints import find
from hub.delivery.queue import Claimed, Heard, Queue, Standing
from hub.delivery.replay import Asked, Chosen, Marker, begin
from hub.sdk.failures import StoreUnavailableError
from hub.telemetry.metrics import Metrics
from tests.delivery.conftest import OPERATOR, TENANT, World, eventually, told
from tests.delivery.receiver import Got, answer, listening

pytestmark = pytest.mark.servers
FAR = "https://shop.example.org/"


async def test_endpoints_are_asked_in_turn_however_much_waits_for_one(world: World) -> None:
    for number in range(3):
        await world.endpoint(f"{FAR}{number}", at_once=256)
    await world.tell(*(told(n, f"s{n}") for n in range(40)))
    queue = world.dispatcher().queue

    asked = [{one.endpoint for one in await queue.claim(4)} for _ in range(3)]

    assert len(set.union(*asked)) == 3


async def test_a_clock_that_steps_back_holds_nobody_up(world: World) -> None:
    await world.endpoint(FAR)
    await world.tell(told(1))
    await world.database.execute("update endpoint_pace set filled_at = now() + interval '1 hour'")

    assert len(await world.dispatcher().queue.claim(4)) == 1


async def test_one_endpoint_has_no_more_than_its_share_of_a_process(world: World) -> None:
    await world.endpoint(FAR, at_once=256)
    await world.tell(*(told(n, f"s{n}") for n in range(40)))

    queue = world.dispatcher(at_once=16).queue

    assert [len(await queue.claim(16)) for _ in range(3)] == [4, 0, 0]


async def test_what_was_written_while_its_endpoint_was_ended_does_not_wait_for_ever(
    world: World,
) -> None:
    gone, kept = await world.endpoint(FAR), await world.endpoint(f"{FAR}kept")
    await world.tell(told(1))
    await world.database.execute("update endpoint set state = 'deleted' where id = $1", gone.id)

    await Chores(world.database, Metrics()).sweep()

    rows = await world.database.fetch("select endpoint, state from delivery")
    assert {row["endpoint"]: row["state"] for row in rows} == {
        gone.id: "given_up",
        kept.id: "waiting",
    }


class Still(Queue):
    """A process that stands still between its claim and the answer to it."""

    async def claim(self, most: int) -> list[Claimed]:
        """Claim, then hear of it late."""
        found = await super().claim(most)
        await asyncio.sleep(0.4 if found else 0)
        return found


async def test_what_was_claimed_long_ago_is_left_to_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "SLACK_SECONDS", 0.2)
    async with listening() as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering() as late:
            late.queue = Still(world.database)
            await eventually(lambda: _has(world, {"sending": 1}))
            await asyncio.sleep(0.8)

    assert (receiver.got, await world.states()) == ([], {"sending": 1})


async def _has(world: World, wanted: dict[str, int]) -> bool:
    return await world.states() == wanted


@dataclass(slots=True)
class Away:
    """A Postgres that is away for a moment, just when it is told how endpoints answered."""

    queue: Queue
    times: int = 1

    async def pace(self, heard: list[Heard]) -> list[Standing]:
        """Fail first."""
        self.times -= 1
        if self.times >= 0:
            raise StoreUnavailableError("away")
        return await self.queue.pace(heard)

    def __getattr__(self, name: str) -> Any:
        """As the queue does it."""
        return getattr(self.queue, name)


async def test_what_an_endpoint_asked_for_is_kept_though_postgres_was_away(world: World) -> None:
    async def busy(_got: Got, _number: int) -> bytes:
        return answer(429, retry_after="86400")

    async with listening(busy) as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering() as one:
            one.queue = Away(one.queue)  # type: ignore[assignment]
            await eventually(world.is_quiet)

    assert await world.is_quiet()
    assert len(receiver.got) == 1


async def test_an_old_address_that_is_gone_says_nothing_of_the_new_one(world: World) -> None:
    async with listening() as new:

        async def gone(_got: Got, _number: int) -> bytes:
            async with world.desk() as desk:
                await desk.change(endpoint.id, None, {"address": new.url})
            return answer(410)

        async with listening(gone) as old:
            endpoint = await world.endpoint(old.url)
            await world.tell(told(1))
            async with world.delivering():
                await world.until({"delivered": 1})

    assert (old.ids, new.ids) == (["evt_1"], ["evt_1"])
    assert (await find(world.database, TENANT, endpoint.id)).state == "active"


async def test_two_who_change_an_endpoint_at_once_both_change_it(world: World) -> None:
    endpoint = await world.endpoint(FAR)

    async def change(**more: Any) -> None:
        async with world.desk() as desk:
            await desk.change(endpoint.id, None, more)

    async with world.desk() as desk:
        await desk.change(endpoint.id, None, {"about": "the shop"})
        other = asyncio.create_task(change(rate=5.0))
        await asyncio.sleep(0.3)
    await other

    found = await find(world.database, TENANT, endpoint.id)
    assert (found.about, found.rate, found.version) == ("the shop", 5.0, 3)


async def test_another_address_is_not_left_alone_because_the_one_before_asked_for_it(
    world: World,
) -> None:
    async with listening() as new:
        endpoint = await world.endpoint(FAR)
        await world.database.execute(
            "update endpoint_pace set quiet_until = now() + interval '1 day'"
        )
        async with world.desk() as desk:
            await desk.change(endpoint.id, None, {"address": new.url})
        await world.tell(told(1))
        async with world.delivering():
            await world.until({"delivered": 1})


async def test_whoever_is_begun_anew_is_asked_once_and_then_has_all_that_waited(
    world: World,
) -> None:
    async def first(_got: Got, _number: int) -> bytes:
        await asyncio.sleep(0.2)
        return answer()

    async with listening(first) as receiver:
        endpoint = await world.endpoint(receiver.url)
        await world.database.execute("update endpoint set state = 'disabled'")
        await world.tell(*(told(n, f"s{n}") for n in range(20)))
        await world.database.execute(
            "update delivery set due_at = now() + interval '1 day', tries = 9 where seq > 1"
        )
        async with world.desk() as desk:
            await desk.change(endpoint.id, None, {"state": "active"})
        async with world.delivering():
            await world.until({"delivered": 20})

    assert receiver.got[1].at - receiver.got[0].at >= 0.2


async def test_what_is_made_again_leaves_room_for_what_happens_now(world: World) -> None:
    await world.endpoint(FAR, rate=2.0)
    await world.tell(*(told(n, f"s{n}") for n in range(50)))
    await world.database.execute("update delivery set state = 'dead', ended_at = now()")
    async with world.database.transaction() as tx:
        await begin(tx, OPERATOR, TENANT, Asked(chosen=Chosen(), why="mended"))
    marked = [await Marker(world.database).step() for _ in range(5)]

    assert 1 <= sum(marked) <= 4
