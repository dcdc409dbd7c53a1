"""The interleavings that break a careless door, by number as the engine's list has them."""

import asyncio
import signal
from collections import Counter
from urllib.parse import urlsplit

import httpx
import pytest

from hub.adapters.kafka import Peek
from hub.dev.embedded import KafkaServer
from tests.api.bodies import a_registration, a_sale
from tests.api.conftest import PARTITIONS, Api, Hub, eventually, installation
from tests.api.proxy import proxy

pytestmark = pytest.mark.servers

NOWHERE = "127.0.0.1:1"


async def units(hub: Hub, serial: str) -> int:
    sql = "select count(*) from unit where serial = $1"
    return int(await hub.database.fetchval(sql, serial))


async def landed(hub: Hub) -> int:
    """How many records the intake topic holds."""
    async with Peek(hub.kafka) as peek:
        topic = hub.processor.reads.name
        ends = [(await peek.bounds(topic, part))[1] for part in range(PARTITIONS)]
    return sum(ends)


async def repeat(api: Api, body: object, key: str) -> httpx.Response:
    """Post again as a patient caller does: whenever it is told to, until it is decided."""
    async with asyncio.timeout(60):
        while True:
            told = await api.post(body, key)
            if told.status_code not in {202, 503} and "request-in-progress" not in told.text:
                return told
            await asyncio.sleep(0.2)


# 12: 503 only where nothing was sent


async def test_hole_12_kafka_away_sends_nothing_and_leaves_the_key_free(hub: Hub) -> None:
    async with hub.api(kafka=NOWHERE, patience=5) as api:
        told = await api.post(a_sale("H-1", "H-1"), key="h1")

    async with hub.api() as api:
        then = await api.post(a_sale("H-1", "H-1"), key="h1")

    assert (told.status_code, told.json()["code"]) == (503, "broker-unavailable")
    assert "nothing was sent" in told.json()["detail"]
    assert int(told.headers["retry-after"]) > 0
    assert then.status_code == 201
    assert "idempotent-replayed" not in then.headers


async def test_hole_12_postgres_away_sends_nothing(idle: Hub) -> None:
    port = urlsplit(idle.dsn).port
    assert port is not None
    async with proxy(port) as cable:
        through = idle.dsn.replace(f":{port}/", f":{cable.port}/")
        async with idle.api(postgres=through) as api:
            assert (await api.get("/v1/warranties")).status_code == 200
            cable.cut()
            posted = await api.post(a_sale("H-2", "H-2"), key="h2")
            read = await api.get("/v1/warranties")
            cable.mend()
            assert (await api.get("/v1/warranties")).status_code == 200

    for told in (posted, read):
        assert (told.status_code, told.json()["code"]) == (503, "store-unavailable")
        assert int(told.headers["retry-after"]) > 0
    assert await landed(idle) == 0


async def test_hole_12_postgres_away_after_sending_is_no_reason_to_say_nothing_was_sent(
    idle: Hub,
) -> None:
    port = urlsplit(idle.dsn).port
    assert port is not None

    async def is_sent() -> bool:
        return await landed(idle) == 1

    async with proxy(port) as cable:
        through = idle.dsn.replace(f":{port}/", f":{cable.port}/")
        async with idle.api(postgres=through, patience=4) as api:
            asking = asyncio.create_task(api.post(a_sale("H-3", "H-3"), key="h3"))
            await eventually(is_sent)
            cable.cut()
            told = await asking

    assert (told.status_code, told.json()["state"]) == (202, "waiting")
    assert told.headers["location"] == f"/v1/requests/{told.json()['id']}"


async def test_hole_12_sent_and_not_acknowledged_says_so_and_the_repeat_is_the_same_event(
    own_kafka: KafkaServer, dsn: str
) -> None:
    async with installation(own_kafka.bootstrap, dsn, "frozen.") as hub:
        await hub.start()
        async with hub.api(patience=3) as api:
            await repeat(api, a_sale("H-4", "warm"), "warm")
            own_kafka.send_signal(signal.SIGSTOP)
            told = await api.post(a_sale("H-5", "H-5"), key="h5")
            own_kafka.send_signal(signal.SIGCONT)
            then = await repeat(api, a_sale("H-5", "H-5"), "h5")
            again = await api.post(a_sale("H-5", "H-5"), key="h5")

        assert (told.status_code, told.json()["code"]) == (503, "outcome-unknown")
        assert "same Idempotency-Key" in told.json()["detail"]
        assert told.headers["location"] == f"/v1/requests/{told.json()['request']}"
        assert told.headers["idempotency-key"] == "h5"
        assert then.status_code == 201
        assert then.json()["id"] == told.json()["request"]
        assert again.content == then.content
        assert await units(hub, "H-5") == 1


# 13: one key with two bodies at once


async def test_hole_13_one_key_with_two_serials_at_once_has_one_effect(api: Api) -> None:
    bodies = [a_registration("H-6", f"H-6-{n}", product={"code": "TV"}) for n in (1, 2)]

    told = await asyncio.gather(*(api.post(body, key="h6") for body in bodies))

    assert sorted(one.status_code for one in told) == [201, 422]
    (refused,) = (one.json() for one in told if one.status_code == 422)
    assert refused["code"] == "idempotency-key-reused"
    assert await units(api.hub, "H-6-1") + await units(api.hub, "H-6-2") == 1


# 14: 201, and then the read misses it


async def test_hole_14_what_was_decided_is_read_at_once_in_lists_too(api: Api) -> None:
    for n in range(20):
        told = await api.post(a_sale(f"H-7-{n}", f"H-7-{n}"))

        read = await api.get(told.headers["location"])
        listed = await api.get(f"/v1/warranties?serial=H-7-{n}")
        by_order = await api.get(f"/v1/warranties?order=H-7-{n}&namespace=till")
        request = await api.get(f"/v1/requests/{told.json()['id']}")

        expected = told.json()["warranties"][0]["id"]
        assert read.json()["id"] == expected
        assert [one["id"] for one in listed.json()["warranties"]] == [expected]
        assert [one["id"] for one in by_order.json()["warranties"]] == [expected]
        assert request.json() == told.json()


# Beside them


async def test_of_64_posts_of_one_key_one_counts_and_all_agree(api: Api) -> None:
    body = a_sale("H-8", "H-8")
    async with api.client() as client:
        headers = {"Idempotency-Key": "h8"}
        told = await asyncio.gather(
            *(client.post("/v1/activations", json=body, headers=headers) for _ in range(64))
        )

    codes = Counter(one.status_code for one in told)
    in_progress = [one for one in told if one.status_code == 409]
    assert set(codes) <= {201, 409}
    assert len({one.content for one in told if one.status_code == 201}) == 1
    assert {one.json()["code"] for one in in_progress} <= {"request-in-progress"}
    assert all(one.headers["location"].startswith("/v1/requests/") for one in in_progress)
    assert all(int(one.headers["retry-after"]) > 0 for one in in_progress)
    assert await units(api.hub, "H-8") == 1


async def test_who_hangs_up_finds_the_answer_under_the_same_key(api: Api) -> None:
    body = httpx.Request("POST", api.url, json=a_sale("H-9", "H-9")).content
    head = (
        f"POST /v1/activations HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {api.tokens['acme']}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: h9\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    url = httpx.URL(api.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.transport.abort()

    told = await repeat(api, a_sale("H-9", "H-9"), "h9")

    assert told.status_code == 201
    assert await units(api.hub, "H-9") == 1


async def test_half_a_body_leaves_nothing_behind(api: Api) -> None:
    before = await api.database.fetchval("select count(*) from request")
    head = (
        f"POST /v1/activations HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {api.tokens['acme']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    )
    url = httpx.URL(api.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(head.encode() + b'{"sale":')
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()

    assert (await api.get("/v1/warranties")).status_code == 200
    assert await api.database.fetchval("select count(*) from request") == before


async def test_undecided_by_the_deadline_it_waits_and_says_where_to_ask(idle: Hub) -> None:
    async with idle.api(patience=0.5) as api:
        told = await api.post(a_sale("H-10", "H-10"), key="h10")
        asked = await api.get(told.headers["location"])
        await idle.start()
        decided = await repeat(api, a_sale("H-10", "H-10"), "h10")
        later = await api.get(told.headers["location"])

    assert (told.status_code, told.json()["state"]) == (202, "waiting")
    assert int(told.headers["retry-after"]) > 0
    assert asked.json() == told.json()
    assert decided.status_code == 201
    assert decided.json()["id"] == told.json()["id"]
    assert later.json() == decided.json()
    assert await units(idle, "H-10") == 1
