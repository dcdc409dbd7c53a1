"""What is due is sent once where it is taken, again where it is not, and never by chance."""

import asyncio
from typing import Any

import pytest
from standardwebhooks import Webhook

from schemas.events.claim import ClaimDenied, RecoveryRequested
from tests.delivery.conftest import SCALE, World, eventually, said, told
from tests.delivery.receiver import Got, answer, listening

pytestmark = pytest.mark.servers


async def test_an_event_reaches_every_endpoint_that_wants_it_once(world: World) -> None:
    async with listening() as one, listening() as two, listening() as none:
        await world.endpoint(one.url)
        await world.endpoint(two.url, branches=["North"])
        await world.endpoint(none.url, types=["warranty.ended.v1"])
        await world.tell(told(1, branch="North"), told(2, branch="South"))
        await world.tell(told(1, branch="North"))

        async with world.delivering():
            await world.until({"delivered": 3})

        assert sorted(one.ids) == ["evt_1", "evt_2"]
        assert two.ids == ["evt_1"]
        assert none.got == []


async def test_a_supplier_hears_of_his_own_things_alone(world: World) -> None:
    asked: dict[str, Any] = {
        "effect": "eff_1",
        "claim": "clm_1",
        "warranty": "wty_1",
        "product": "drill",
    }
    about: dict[str, Any] = {
        "claim": "clm_1",
        "warranty": "wty_1",
        "issue": "power",
        "source": "shop",
    }
    async with listening() as bolt, listening() as both, listening() as everyone:
        await world.endpoint(bolt.url, suppliers=["bolt"])
        await world.endpoint(both.url, suppliers=["bolt", "nut"], branches=["North"])
        await world.endpoint(everyone.url)
        await world.tell(
            said(1, RecoveryRequested(**asked, supplier="bolt"), "eff_1"),
            said(2, ClaimDenied(**about, supplier="nut", branch="North"), "clm_1"),
            said(3, ClaimDenied(**about, branch="North"), "clm_1"),
            told(4),
        )
        async with world.delivering():
            await world.until({"delivered": 6})

    assert (bolt.ids, both.ids) == (["evt_1"], ["evt_2"])
    assert sorted(everyone.ids) == ["evt_1", "evt_2", "evt_3", "evt_4"]


async def test_what_arrives_is_signed_and_says_what_happened(world: World) -> None:
    async with listening() as receiver:
        endpoint = await world.endpoint(receiver.url, payload="full")
        await world.tell(told(7, branch="North"))
        async with world.delivering():
            await world.until({"delivered": 1})

    (got,) = receiver.got
    event = Webhook(world.secrets[endpoint.id].shown).verify(got.body, got.headers)
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert got.headers["traceparent"] == event["traceparent"]
    assert (event["type"], event["sequence"]) == ("warranty.activated.v1", "00000000000000000007")
    assert event["data"]["branch"] == "North"


async def test_thin_says_no_more_than_where_to_ask(world: World) -> None:
    async with listening() as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(7, branch="North"))
        async with world.delivering():
            await world.until({"delivered": 1})

    href = "/v1/warranties/wty_aaaaaaaaaaaaaaaa_1"
    assert receiver.got[0].event["data"] == {"id": "wty_aaaaaaaaaaaaaaaa_1", "href": href}


async def test_what_fails_is_tried_again_under_the_same_id(world: World) -> None:
    async def failing(_got: Got, number: int) -> bytes:
        return answer(200) if number == 3 else answer(503, b"come back, jane@example.com")

    async with listening(failing) as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering():
            await world.until({"delivered": 1})

    assert receiver.ids == ["evt_1"] * 3
    found = [(one["n"], one["state"], one["status"]) for one in await world.attempts()]
    assert found == [(1, "failed", 503), (2, "failed", 503), (3, "delivered", 200)]
    assert (await world.attempts())[0]["answer"] == "come back, …"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422])
async def test_what_is_refused_for_good_is_dead_at_once(world: World, status: int) -> None:
    async def refusing(_got: Got, _number: int) -> bytes:
        return answer(status)

    async with listening(refusing) as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering():
            await world.until({"dead": 1})

    assert len(receiver.got) == 1


async def test_ten_attempts_use_the_schedule_up(world: World) -> None:
    async def failing(_got: Got, number: int) -> bytes:
        # Another message goes well between, so that the endpoint itself counts as there.
        return answer(500 if _got.headers["webhook-id"] == "evt_1" else 200)

    async with listening(failing) as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering(scale=0.000001):
            for number in range(2, 40):
                await world.tell(told(number))
                await asyncio.sleep(0.03)
            await world.until({"dead": 1, "delivered": 38})

    assert receiver.ids.count("evt_1") == 10


async def test_a_dispatcher_that_died_in_the_middle_leaves_nothing_behind(world: World) -> None:
    async with listening() as receiver:
        endpoint = await world.endpoint(receiver.url)
        await world.tell(told(1))
        (claimed,) = await world.dispatcher().queue.claim(10)
        assert await world.dispatcher().queue.claim(10) == []
        await world.database.execute("update delivery set due_at = clock_timestamp()")

        async with world.delivering():
            await world.until({"delivered": 1})

    assert (claimed.endpoint, claimed.attempt) == (endpoint.id, 1)
    states = [(one["n"], one["state"], one["outcome"]) for one in await world.attempts()]
    assert states == [(1, "unknown", "lost"), (2, "delivered", "answered")]


async def test_a_subject_keeps_its_order_and_others_go_on(world: World) -> None:
    async def failing(got: Got, number: int) -> bytes:
        first_times = sum(1 for one in receiver.got if one.headers["webhook-id"] == "evt_1")
        return answer(503 if got.headers["webhook-id"] == "evt_1" and first_times < 3 else 200)

    async with listening(failing) as receiver:
        await world.endpoint(receiver.url, ordering="per_subject")
        await world.tell(told(1, "a"), told(2, "a"), told(3, "b"), told(4, "a"))
        async with world.delivering():
            await world.until({"delivered": 4})

    of_a = [one for one in receiver.ids if one != "evt_3"]
    assert of_a == ["evt_1", "evt_1", "evt_1", "evt_2", "evt_4"]
    assert receiver.ids.index("evt_3") < receiver.ids.index("evt_2")


async def test_an_endpoint_is_never_asked_faster_than_its_rate(world: World) -> None:
    async with listening() as receiver:
        await world.endpoint(receiver.url, rate=40.0, at_once=32)
        await world.tell(*(told(n) for n in range(80)))
        async with world.delivering(), world.delivering():
            await world.until({"delivered": 80})

    # As they were claimed: how long each then takes to arrive is the machine's affair.
    moments = sorted(one["began_at"].timestamp() for one in await world.attempts())
    assert moments[-1] - moments[0] > (80 - 40 * 0.25 - 1) / 40 * 0.95
    for begin in moments:
        assert sum(begin <= at < begin + 1.0 for at in moments) <= 40 * 1.25 + 1


async def test_an_endpoint_that_is_away_is_tried_by_one_and_drained_once_it_is_back(
    world: World,
) -> None:
    down = True

    async def sometimes(_got: Got, _number: int) -> bytes:
        return answer(503 if down else 200)

    async with listening(sometimes) as receiver:
        await world.endpoint(receiver.url, ordering="per_subject")
        await world.tell(*(told(n, f"s{n % 20}") for n in range(100)))
        async with world.delivering():
            await asyncio.sleep(2)
            while_away = len(receiver.got)
            down = False
            await world.until({"delivered": 100})

    assert while_away < 90
    for subject in range(20):
        seen = [int(one[4:]) for one in receiver.ids if int(one[4:]) % 20 == subject]
        assert seen == sorted(seen)


async def test_it_waits_as_long_as_it_is_asked(world: World) -> None:
    async def busy(_got: Got, number: int) -> bytes:
        return answer(429, retry_after="1000") if number == 1 else answer()

    async with listening(busy) as receiver:
        await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering():
            await eventually(world.is_quiet)
            await world.tell(told(2))
            await world.until({"delivered": 2})

    assert receiver.got[1].at - receiver.got[0].at >= 1000 * SCALE * 0.95


async def test_one_that_is_gone_is_asked_no_more_and_its_owner_reads_why(world: World) -> None:
    async def gone(_got: Got, _number: int) -> bytes:
        return answer(410)

    async with listening(gone) as receiver:
        endpoint = await world.endpoint(receiver.url)
        await world.tell(told(1))
        async with world.delivering():
            await eventually(lambda: _disabled(world))
            await world.tell(told(2))
            await asyncio.sleep(0.5)

    assert len(receiver.got) == 1
    assert await world.states() == {"waiting": 2}
    assert await world.audited() == ["endpoint:added", "endpoint:disabled"]
    row = await world.database.fetchrow("select state_why from endpoint where id = $1", endpoint.id)
    assert "410" in row["state_why"]


async def _disabled(world: World) -> bool:
    return bool(
        await world.database.fetchval("select count(*) from endpoint where state = 'disabled'")
    )


async def test_its_owner_is_warned_twice_before_it_is_disabled(world: World) -> None:
    async def failing(_got: Got, _number: int) -> bytes:
        return answer(500)

    async with listening(failing) as receiver:
        await world.endpoint(receiver.url, ordering="per_subject")
        await world.tell(*(told(n, "one") for n in range(3)))
        async with world.delivering(scale=3 / (120 * 3600)):
            await eventually(lambda: _disabled(world))

    assert await world.audited() == [
        "endpoint:added",
        "endpoint:warned",
        "endpoint:warned",
        "endpoint:disabled",
    ]


async def test_who_failed_once_and_was_asked_nothing_for_days_is_warned_first_too(
    world: World,
) -> None:
    async def failing(_got: Got, _number: int) -> bytes:
        return answer(500)

    async with listening(failing) as receiver:
        await world.endpoint(receiver.url)
        await world.database.execute(
            "update endpoint_pace set failing_since = now() - interval '6 days'"
        )
        await world.tell(told(1))
        async with world.delivering():
            await eventually(lambda: _disabled(world))

    assert (await world.audited())[1:] == [
        "endpoint:warned",
        "endpoint:warned",
        "endpoint:disabled",
    ]
