"""The push door while Kafka or Postgres is away: 503, come again, and nothing is lost or invented."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.kafka import KafkaSettings, SharedOutlet
from hub.dev.embedded.server import free_port
from hub.intake.landing import Lander
from tests.api.proxy import proxy
from tests.intake.corner import Shop, a_door

pytestmark = pytest.mark.servers

BODY = b'[{"order": "A-1"}]'


@asynccontextmanager
async def deaf_broker() -> AsyncIterator[int]:
    """The port of something that takes connections and never answers."""

    async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def told(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    return answer.status_code, answer.json()["code"]


async def test_says_that_nothing_was_sent_while_kafka_is_away(shop: Shop) -> None:
    async with a_door(shop) as door:
        good = door.lander
        nowhere = SharedOutlet(KafkaSettings(f"127.0.0.1:{free_port()}"))
        door.lander = Lander(nowhere, good.partitions, shop.metrics)
        away = await shop.post(BODY)
        door.lander = good
        again = await shop.post(BODY)
        await nowhere.stop()

    assert told(away) == (503, "broker-unavailable")
    assert again.status_code == 202
    assert len(await shop.landed()) == 1


async def test_says_that_it_may_have_landed_when_kafka_does_not_acknowledge(shop: Shop) -> None:
    async with deaf_broker() as port, a_door(shop, land_seconds=0.5) as door:
        silent = SharedOutlet(KafkaSettings(f"127.0.0.1:{port}"))
        door.lander = Lander(silent, door.lander.partitions, shop.metrics)
        answers = await asyncio.gather(*(shop.post(BODY, id_=f"m{n}") for n in range(5)))
        await silent.stop()

    assert {told(answer) for answer in answers} == {(503, "outcome-unknown")}
    assert "same webhook-id" in answers[0].json()["detail"]


async def test_lets_no_more_wait_than_it_can_hold(shop: Shop) -> None:
    async with deaf_broker() as port, a_door(shop, land_seconds=0.5) as door:
        small = SharedOutlet(KafkaSettings(f"127.0.0.1:{port}"), max_waiting=1)
        door.lander = Lander(small, door.lander.partitions, shop.metrics)
        answers = await asyncio.gather(*(shop.post(BODY, id_=f"m{n}") for n in range(5)))
        await small.stop()

    codes = Counter(told(answer)[1] for answer in answers)
    assert codes == {"outcome-unknown": 1, "broker-unavailable": 4}


async def test_answers_503_while_postgres_is_away_and_202_when_it_is_back(
    shop: Shop, dsn: str
) -> None:
    url = httpx.URL(dsn)
    assert url.port
    async with proxy(url.port) as cable:
        shop.dsn = dsn.replace(f":{url.port}/", f":{cable.port}/")
        async with a_door(shop) as door:
            door.sources.max_age = 0
            before = await shop.post(BODY)
            cable.cut()
            away = await shop.post(BODY, id_="msg_2")
            cable.mend()
            after = await shop.post(BODY, id_="msg_2")

    assert before.status_code == 202
    assert told(away) == (503, "store-unavailable")
    assert after.status_code == 202
    assert len(await shop.landed()) == 2


@pytest.mark.parametrize("what", ["its connector is gone", "its secret was sealed elsewhere"])
async def test_says_that_a_source_cannot_be_used_and_not_why(shop: Shop, what: str) -> None:
    installed = {} if "connector" in what else shop.store.connectors
    shop.store = SourceStore(installed, Keyring(b"x" * 32))
    async with a_door(shop):
        answer = await shop.post(BODY)

    assert told(answer) == (503, "source-unusable")
    assert "`hub doctor`" in answer.json()["detail"]
    assert shop.connector.name not in answer.text
    assert "HUB_MASTER_KEY" not in answer.text


async def test_a_source_that_is_known_lands_for_seconds_without_postgres(
    shop: Shop, dsn: str
) -> None:
    url = httpx.URL(dsn)
    assert url.port
    async with proxy(url.port) as cable:
        shop.dsn = dsn.replace(f":{url.port}/", f":{cable.port}/")
        async with a_door(shop):
            await shop.post(BODY)
            cable.cut()
            answer = await shop.post(BODY, id_="msg_2")

    assert answer.status_code == 202


async def test_counts_every_refusal_of_a_flood_and_writes_few(shop: Shop) -> None:
    async with a_door(shop) as door:
        for _ in range(60):
            await shop.client.post(shop.url, content=BODY)
        counted = door.metrics.door_requests.labels("push", "401")

        values = [one.value for metric in counted.collect() for one in metric.samples]
        suppressed = door.metrics.refusals_suppressed.labels("push")
        held = [one.value for metric in suppressed.collect() for one in metric.samples]

    assert values[0] == 60
    assert held[0] > 20


async def test_whatever_is_posted_is_answered_below_500(shop: Shop) -> None:
    hostile = [
        b"[" * 100_000,
        b'[{"order": ' + b"9" * 5_000 + b"}]",
        b'[{"order": "\\ud800"}]',
        b"\xff\xfe\x00",
        b'[{"order": "' + "\u202e\u0000x".encode() + b'"}]',
        json.dumps([{"order": "x" * 10_000}]).encode(),
        b"[null, true, 1e400, [], {}]",
    ]
    async with a_door(shop):
        answers = [await shop.post(body, id_=f"m{n}") for n, body in enumerate(hostile)]
        odd = await shop.post(BODY, **{"content-type": "x" * 5_000, "traceparent": "nonsense"})

    assert all(answer.status_code < 500 for answer in [*answers, odd])


async def test_a_fault_of_ours_is_a_500_that_says_no_more_than_that(shop: Shop) -> None:
    async with a_door(shop) as door:
        answer = await shop.post(BODY, id_="bug")
        held = door.bodies.held
        after = await shop.post(BODY)

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary" not in answer.text
    assert held == 0
    assert after.status_code == 202
    assert len(await shop.landed()) == 1
