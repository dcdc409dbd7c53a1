"""The push door: nothing is answered 2xx before it is on Kafka, and whoever is turned away hears why."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import cast

import httpx
import pytest

from connectors.sdk.webhooks import sign
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.intake.bodies import MAX_BODY, Bodies
from hub.intake.door import PushDoor
from schemas.envelope import from_headers
from schemas.refs import derived_id, home, place
from tests.intake.corner import PARTITIONS, TENANT, Shop, a_door

pytestmark = pytest.mark.servers


@pytest.fixture
async def door(shop: Shop) -> AsyncIterator[PushDoor]:
    async with a_door(shop) as door:
        yield door


def now(**shift: float) -> datetime:
    return datetime.now(UTC) + timedelta(**shift)


async def refusals(shop: Shop, status: int) -> list[dict[str, object]]:
    """What the audit topic holds of this shop's door, once it holds something."""
    for _ in range(100):
        async with Peek(shop.kafka) as peek:
            first, end = await peek.bounds(shop.audit.name, 0)
            reading = peek.records(shop.audit.name, 0, first, end)
            found = [json.loads(one.value or b"") async for one in reading] if end else []
        ours = [one for one in found if one["status"] == status]
        if ours:
            return ours
        await asyncio.sleep(0.05)
    return []


def problem_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert len(document["detail"]) > 10
    kind: str = document["type"]
    return kind.removeprefix("urn:warranty-hub:problem:")


async def test_lands_a_delivery_exactly_as_it_came_before_it_answers(
    shop: Shop, door: PushDoor
) -> None:
    body = b'[ {"order": "A-1",  "serials": ["0001"]} ]'

    answer = await shop.post(body, **{"content-type": "application/json"})

    assert answer.status_code == 202
    id_ = derived_id("raw", TENANT, "corner", "msg_1/0")
    ticket = {"ref": "msg_1/0", "status": "landed", "id": id_, "trace": f"/v1/trace/{id_}"}
    assert answer.json() == {"delivery": "msg_1", "tickets": [ticket]}
    (record,) = await shop.landed()
    assert record.value == b'{"order": "A-1",  "serials": ["0001"]}'
    assert record.key == home(TENANT, "corner", "A-1").encode()
    headers = dict(record.headers)
    envelope = from_headers(headers)
    assert (envelope.id, envelope.tenant, envelope.connector) == (id_, TENANT, "corner")
    assert envelope.type == f"{shop.connector.name}.landed.v1"
    assert envelope.correlationid == id_
    assert headers["content-type"] == b"application/json"
    assert headers["hub-ref"] == b"msg_1/0"


async def test_answers_each_item_and_lands_those_that_can(shop: Shop, door: PushDoor) -> None:
    answer = await shop.post(b'[{"order": "A-1"}, 7, {"order": "A-2"}]')

    assert answer.status_code == 202
    told = answer.json()["tickets"]
    assert [one["status"] for one in told] == ["landed", "refused", "landed"]
    assert told[1]["ref"] == "msg_1/1"
    assert told[1]["code"] == "not_an_object"
    assert len(await shop.landed()) == 2


async def test_says_why_when_nothing_can_land(shop: Shop, door: PushDoor) -> None:
    answer = await shop.post(b"[7, 8]")

    assert (answer.status_code, problem_of(answer)) == (422, "nothing-landed")
    assert [one["code"] for one in answer.json()["tickets"]] == ["not_an_object"] * 2
    (refusal,) = await refusals(shop, 422)
    assert refusal["tenant"] == TENANT
    assert refusal["hash"] == sha256(b"[7, 8]").hexdigest()
    assert "[7, 8]" not in json.dumps(refusal)


@pytest.mark.parametrize(("body", "status"), [(b"{nope", 400), (b"", 400), (b"[]", 422)])
async def test_turns_away_what_is_no_delivery(
    shop: Shop, door: PushDoor, body: bytes, status: int
) -> None:
    answer = await shop.post(body)

    assert answer.status_code == status
    problem_of(answer)


async def test_turns_away_whoever_does_not_prove_who_they_are(shop: Shop, door: PushDoor) -> None:
    body = b'[{"order": "A-1"}]'
    good = sign(shop.secret, "msg_1", now(), body)
    other = "whsec_" + "A" * 42 + "=="
    attempts = {
        "missing": {},
        "no id": {k: v for k, v in good.items() if k != "webhook-id"},
        "bad": {**good, "webhook-signature": "v1,AAAA"},
        "not a signature": {**good, "webhook-signature": "nonsense"},
        "another's secret": sign(other, "msg_1", now(), body),
        "old": sign(shop.secret, "msg_1", now(minutes=-6), body),
        "future": sign(shop.secret, "msg_1", now(minutes=6), body),
        "of another body": sign(shop.secret, "msg_1", now(), b"[]"),
        "of another id": {**good, "webhook-id": "msg_2"},
        "not ascii": {**good, "webhook-signature": "v1,\xfc"},
    }
    addresses = {
        "no such source": shop.url.replace("/corner/", "/nowhere/"),
        "no such tenant": shop.url.replace(TENANT, "nobody"),
        "no name": shop.url.replace("/corner/", "/%00'--/"),
    }

    answers = [
        await shop.client.post(
            shop.url,
            content=body,
            headers=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
        )
        for headers in attempts.values()
    ]
    answers += [
        await shop.client.post(url, content=body, headers=good) for url in addresses.values()
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert problem_of(answers[0]) == "unsigned"
    assert await shop.landed() == []
    assert {one.get("tenant") for one in await refusals(shop, 401)} == {None}


async def test_believes_the_new_secret_and_the_one_before_but_none_older(
    shop: Shop, door: PushDoor, database: Database
) -> None:
    secrets = [shop.secret]
    secrets += [await shop.store.rotate(database, TENANT, "corner") for _ in range(2)]
    door.sources.max_age = 0
    answers = []
    for number, shop.secret in enumerate(secrets):
        answers.append(await shop.post(b'[{"order": "A-1"}]', id_=f"msg_{number}"))

    assert [answer.status_code for answer in answers] == [401, 202, 202]


async def test_takes_two_mebibytes_and_not_a_byte_more(shop: Shop, door: PushDoor) -> None:
    whole = b'[{"order":"A-1","text":"' + b"x" * (MAX_BODY - 27) + b'"}]'

    exact = await shop.post(whole)
    more = await shop.post(whole + b" ", id_="msg_2")

    assert len(whole) == MAX_BODY
    assert (exact.status_code, more.status_code) == (202, 413)
    assert problem_of(more) == "too-large"
    assert len(await shop.landed()) == 1
    assert door.bodies.held == 0


async def test_stops_reading_a_stream_that_is_too_large(shop: Shop, door: PushDoor) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1_000 * MAX_BODY:
            sent += 65_536
            yield b"x" * 65_536

    headers = sign(shop.secret, "msg_1", now(), b"")
    with suppress(httpx.TransportError):
        await shop.client.post(shop.url, content=endless(), headers=headers)

    (size,) = [one["size"] for one in await refusals(shop, 413)]
    assert MAX_BODY < cast("int", size) < 2 * MAX_BODY
    assert sent < 10 * MAX_BODY
    assert door.bodies.held == 0
    assert (await shop.post(b'[{"order": "A-1"}]')).status_code == 202


async def test_waits_for_a_slow_caller_but_not_for_ever(shop: Shop) -> None:
    async def slow(pause: float) -> AsyncIterator[bytes]:
        for byte in body:
            await asyncio.sleep(pause)
            yield bytes([byte])

    body = b'[{"order": "A-1"}]'
    async with a_door(shop, bodies=Bodies(seconds=1.0)) as door:
        headers = sign(shop.secret, "msg_1", now(), body)
        patient = await shop.client.post(shop.url, content=slow(0.01), headers=headers)
        # Who still sends may hear of the end before it hears of the answer.
        with suppress(httpx.TransportError):
            await shop.client.post(shop.url, content=slow(0.2), headers=headers)
        held = door.bodies.held

    assert patient.status_code == 202
    assert [one["reason"] for one in await refusals(shop, 408)]
    assert held == 0


async def test_does_nothing_for_a_caller_who_hangs_up_half_way(shop: Shop, door: PushDoor) -> None:
    address = httpx.URL(shop.url)
    signed = sign(shop.secret, "msg_1", now(), b'[{"order": "A-1"}]')
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(
        f"POST {address.path} HTTP/1.1\r\nHost: here\r\n{head}Content-Length: 18\r\n\r\n[{{".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await asyncio.sleep(0.2)

    assert await shop.landed() == []
    assert door.bodies.held == 0
    assert (await shop.post(b'[{"order": "A-1"}]')).status_code == 202


async def test_finishes_for_a_caller_who_hangs_up_before_the_answer(
    shop: Shop, door: PushDoor
) -> None:
    address, body = httpx.URL(shop.url), b'[{"order": "A-1"}]'
    head = "".join(f"{k}: {v}\r\n" for k, v in sign(shop.secret, "msg_1", now(), body).items())
    _, writer = await asyncio.open_connection(address.host, address.port)
    request = (
        f"POST {address.path} HTTP/1.1\r\nHost: here\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(request.encode() + body)
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.5)

    again = await shop.post(body)

    assert again.status_code == 202
    first, second = await shop.landed()
    assert dict(first.headers)["ce_id"] == dict(second.headers)["ce_id"]


async def test_says_where_to_go_to_whoever_is_lost(shop: Shop, door: PushDoor) -> None:
    lost = await shop.client.get(shop.url.replace("/sources/", "/source/"))
    slash = await shop.client.post(shop.url + "/")
    read = await shop.client.get(shop.url)

    assert (lost.status_code, problem_of(lost)) == (404, "not-found")
    assert slash.status_code == 404
    assert (read.status_code, problem_of(read)) == (405, "method-not-allowed")
    assert read.headers["allow"] == "POST"


async def test_keeps_the_tickets_of_one_order_in_one_partition(shop: Shop, door: PushDoor) -> None:
    items = [{"order": f"A-{n % 5}", "n": n} for n in range(100)]

    await shop.post(json.dumps(items).encode())

    found = [json.loads(record.value or b"") for record in await shop.landed()]
    assert len(found) == 100
    for order in {f"A-{n}" for n in range(5)}:
        numbers = [one["n"] for one in found if one["order"] == order]
        assert numbers == sorted(numbers)
    used = {place(home(TENANT, "corner", f"A-{n}"), PARTITIONS) for n in range(5)}
    assert len(used) > 1


async def test_shares_produce_requests_among_many_callers(shop: Shop, door: PushDoor) -> None:
    bodies = [json.dumps([{"order": f"A-{n}"}]).encode() for n in range(64)]

    answers = await asyncio.gather(
        *(shop.post(body, id_=f"msg_{n}") for n, body in enumerate(bodies))
    )

    assert {answer.status_code for answer in answers} == {202}
    assert len(await shop.landed()) == 64
