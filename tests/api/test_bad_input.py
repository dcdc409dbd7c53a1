"""What nobody should send: each is told what is wrong and what to do, and nothing is half-done."""

import json
import re
from typing import Any

import httpx
import pytest

from hub.adapters.kafka import Peek
from hub.api.reading import MAX_BODY
from tests.api.bodies import a_sale
from tests.api.conftest import TENANT, Api, Hub, eventually

pytestmark = pytest.mark.servers

JARGON = re.compile(r"[Tt]uple|[Ii]nput|[Ff]ield required|pattern|valid")
"""Words of the library that reads bodies, which nobody outside knows."""
JSON = {"content-type": "application/json"}


async def send(api: Api, body: bytes, **headers: str) -> httpx.Response:
    async with api.client() as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.post("/v1/activations", content=body, headers=JSON | named)


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem that has everything a problem must have."""
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["type"] == f"urn:warranty-hub:problem:{document['code']}"
    assert document["status"] == answer.status_code
    assert document["title"]
    assert document["detail"]
    return answer.status_code, document["code"]


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer -", "Basic abc", "Bearer whk_x_y", f"Bearer whk_{'0' * 12}_{'0' * 64}"],
)
async def test_nobody_gets_in_without_a_key(api: Api, shown: str) -> None:
    async with httpx.AsyncClient(base_url=api.url) as client:
        headers = {"authorization": shown} if shown else {}
        posted = await client.post("/v1/activations", json=a_sale("R-1"), headers=headers)
        read = await client.get("/v1/warranties", headers=headers)

    assert code(posted) == code(read) == (401, "unauthenticated")
    assert posted.headers["www-authenticate"].startswith("Bearer")
    assert "Bearer whk_" in posted.json()["detail"] or "ask whoever" in posted.json()["detail"]


async def test_a_platform_operator_reports_nothing(api: Api) -> None:
    assert code(await api.post(a_sale("R-1"), tenant="hub")) == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nope",
        b'{"sale": ',
        b"\xff\xfe",
        b'{"sale": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"sale": NaN}x',
    ],
)
async def test_what_is_not_json_is_said_to_be_none(api: Api, body: bytes) -> None:
    assert code(await send(api, body)) == (400, "not-json")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": ""},
        {"content_encoding": "gzip"},
    ],
)
async def test_takes_plain_json_and_nothing_else(api: Api, headers: dict[str, str]) -> None:
    answer = await send(api, json.dumps(a_sale("R-1")).encode(), **headers)

    assert code(answer) == (415, "unsupported-media-type")


async def test_a_byte_more_than_two_mebibytes_is_too_much(api: Api) -> None:
    body = json.dumps(a_sale("R-fits")).encode()
    fits = body + b" " * (MAX_BODY - len(body))

    assert (await send(api, fits)).status_code == 201
    assert code(await send(api, fits + b" ")) == (413, "too-large")


async def test_a_body_that_says_nothing_of_its_length_is_bounded_all_the_same(api: Api) -> None:
    async def endless() -> Any:
        for _ in range(64):
            yield b" " * 64 * 1024

    async with api.client() as client:
        answer = await client.post("/v1/activations", content=endless(), headers=JSON)

    assert code(answer) == (413, "too-large")


async def test_a_report_larger_than_an_event_may_be_is_refused_at_the_door(api: Api) -> None:
    lines = [
        {"line": str(n), "product": {c: f"{n}" + c * 190 for c in ("code", "brand", "name")}}
        for n in range(1000)
    ]
    sale = a_sale("R-1")
    sale["sale"]["lines"] = [
        line | {"serials": [f"{n}" + "s" * 120] * 4} for n, line in enumerate(lines)
    ]

    answer = await api.post(sale, key="large")

    assert code(answer) == (413, "too-large")
    assert answer.headers["idempotency-key"] == "large"
    again = await api.post(a_sale("R-large"), key="large")
    assert again.status_code == 201, "the key was not used up"


def changed(path: str, value: object) -> dict[str, Any]:
    """A good sale with one thing changed."""
    body = a_sale("R-1", "S-1")
    *way, last = path.split("/")
    place: Any = body["sale"]
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    return body


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ([], "#"),
        (7, "#"),
        ({"sale": None}, "#"),
        ({"sale": {}, "registration": {}}, "#/sale/order"),
        (changed("surprise", 1), "#/sale/surprise"),
        ({"sale": {"a~b/c": 1}}, "#/sale/…"),
        (changed("lines/0/serials", [42]), "#/sale/lines/0/serials/0"),
        (changed("lines/0/serials", ["  "]), "#/sale/lines/0/serials/0"),
        (changed("lines/0/quantity", 0), "#/sale/lines/0/quantity"),
        (changed("lines/0/quantity", True), "#/sale/lines/0/quantity"),  # noqa: FBT003 - the value itself
        (changed("lines/0/quantity", 1.5), "#/sale/lines/0/quantity"),
        (changed("lines/0/quantity", "1"), "#/sale/lines/0/quantity"),
        (changed("lines/0/quantity", 10**30), "#/sale/lines/0/quantity"),
        (changed("lines", []), "#/sale/lines"),
        (
            changed("lines/0/price", {"amount": 1.5, "currency": "TRY"}),
            "#/sale/lines/0/price/amount",
        ),
        (changed("order/reference", ""), "#/sale/order/reference"),
        (changed("order/reference", "a\x00b"), "#/sale/order/reference"),
        (changed("order/reference", 4711), "#/sale/order/reference"),
        (changed("sold_at", "2026-01-31T18:30:00"), "#/sale/sold_at"),
        (changed("sold_at", "2026-01-31"), "#/sale/sold_at"),
        (changed("sold_at", "1769873400"), "#/sale/sold_at"),
        (changed("sold_at", 1769873400), "#/sale/sold_at"),
        (changed("sold_at", "0001-01-01T00:00:00Z"), "#/sale/sold_at"),
        (changed("sold_at", "9999-12-31T23:59:59-12:00"), "#/sale/sold_at"),
        (changed("sold_at", "2026-02-30T00:00:00Z"), "#/sale/sold_at"),
        (changed("zone", "Mars/Olympus"), "#/sale/zone"),
        (changed("zone", "../../etc/passwd"), "#/sale/zone"),
    ],
)
async def test_each_place_that_is_wrong_is_named(api: Api, body: object, pointer: str) -> None:
    answer = await api.post(body)

    assert code(answer) == (422, "invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    for error in answer.json()["errors"]:
        assert error["message"]
        assert not JARGON.search(error["message"]), error


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"sale": {}}, "#/sale/order", "is missing; send it"),
        (changed("lines", []), "#/sale/lines", "send at least 1"),
        (
            changed("lines/0/serials", [42]),
            "#/sale/lines/0/serials/0",
            "a serial is a string, in quotes: a number loses its leading zeros",
        ),
        (changed("lines/0/quantity", 0), "#/sale/lines/0/quantity", "send 1 or more"),
        (changed("order/reference", 4711), "#/sale/order/reference", "send a string, in quotes"),
    ],
)
async def test_what_is_wrong_is_said_in_plain_words(
    api: Api, body: object, pointer: str, said: str
) -> None:
    found = (await api.post(body)).json()["errors"]

    assert said in [error["message"] for error in found if error["pointer"] == pointer]


async def test_of_a_thousand_faults_the_first_are_listed_and_all_are_counted(api: Api) -> None:
    answer = await api.post(changed("lines", [{"wrong": n} for n in range(1000)]))

    assert code(answer) == (422, "invalid")
    assert len(answer.json()["errors"]) == 20
    assert "3000 places in all" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/warranties?limit=0",
        "/v1/warranties?limit=201",
        "/v1/warranties?limit=many",
        "/v1/warranties?cursor=@@@",
        "/v1/warranties?cursor=aGVsbG8",
        "/v1/warranties?cursor=",
        "/v1/warranties?serial=",
        "/v1/warranties?serial=%00",
        "/v1/warranties?product=a%00b",
        "/v1/warranties?active_on=yesterday",
        "/v1/warranties?active_on=0",
        "/v1/warranties?active_on=2026-02-30",
        "/v1/audit?until=0.5",
        "/v1/warranties?status=fine",
        "/v1/warranties?customer=ayse@example.com",
        "/v1/warranties?sreial=1",
        "/v1/warranties/wty_x_1",
        "/v1/warranties/%00",
        "/v1/requests/req_1",
        "/v1/audit?since=2026-01-01",
        "/v1/audit?limit=501",
        "/v1/audit?cursor=nonsense",
    ],
)
async def test_a_question_that_cannot_be_understood_names_what_is_wrong(
    api: Api, path: str
) -> None:
    answer = await api.get(path, f"{TENANT}/admin")

    assert code(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"][0] in "?{"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/warranties/wty_nope_1", "that is no warranty id; one looks like wty_"),
        ("/v1/requests/req_1", "that is no request id; one looks like req_"),
        ("/v1/warranties?cursor=@", "that is no cursor; give back that of the page before"),
        ("/v1/warranties?limit=many", "correct ?limit; `errors` says how"),
        ("/v1/warranties?sreial=1", "correct the name of a query parameter; `errors` says how"),
    ],
)
async def test_a_question_that_cannot_be_understood_says_what_would_be(
    api: Api, path: str, detail: str
) -> None:
    answer = await api.get(path)

    assert answer.json()["detail"].startswith(detail)
    if "sreial" in path:
        assert answer.json()["errors"][0]["pointer"] == "?sreial"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/warranties/",
        "/v2/warranties",
        "/v1/warranties/wty_aaaaaaaaaaaaaaaa_1",
        f"/v1/requests/req_{'0' * 32}",
        "/v1/trace/nothing-of-that-name",
    ],
)
async def test_nothing_there_is_said_so(api: Api, path: str) -> None:
    assert code(await api.get(path)) == (404, "not-found")


async def test_a_method_that_a_path_does_not_know_is_answered_with_those_it_does(api: Api) -> None:
    async with api.client() as client:
        answers = [
            await client.delete("/v1/warranties"),
            await client.put("/v1/activations", json={}),
            await client.post("/v1/audit", json={}),
        ]

    assert {code(answer) for answer in answers} == {(405, "method-not-allowed")}
    assert [answer.headers["allow"] for answer in answers] == ["GET", "POST", "GET"]


async def test_what_a_door_turned_away_is_told_to_the_audit_without_its_body(idle: Hub) -> None:
    async with idle.api() as api:
        async with httpx.AsyncClient(base_url=api.url) as nobody:
            await nobody.post("/v1/activations", json=a_sale("secret-1"))
        await send(api, b"x" * (MAX_BODY + 1))
        await api.post(changed("secret-2", "secret-3"))
        await api.get("/v1/warranties?secret-4=5")
        async with Peek(idle.kafka) as peek:

            async def all_written() -> bool:
                return (await peek.bounds(idle.audit, 0))[1] >= 4

            await eventually(all_written)
            found = [await peek.record(idle.audit, 0, offset) for offset in range(4)]

    told = [json.loads(record.value or b"") for record in found if record]
    assert [one["status"] for one in told] == [401, 413, 422, 422]
    assert [one["tenant"] for one in told] == [None, "acme", "acme", "acme"]
    assert [one["principal"] for one in told] == [None, "shop", "shop", "shop"]
    assert [one["path"] for one in told] == ["/v1/activations"] * 3 + ["/v1/warranties"]
    assert told[1]["size"] == MAX_BODY + 1
    assert "secret" not in json.dumps(told)


async def test_every_answer_is_counted_once(api: Api) -> None:
    before = counted(api)

    await api.post(a_sale("R-counted"))
    await api.post({})
    await api.get("/v1/warranties")
    await api.get("/v1/nothing")

    now = counted(api)
    assert {status: now[status] - before.get(status, 0) for status in now if now != before} == {
        status: {"201": 1, "422": 1, "200": 1, "404": 1}.get(status, 0) for status in now
    }


def counted(api: Api) -> dict[str, float]:
    """How often each status was answered so far."""
    return {
        sample.labels["status"]: sample.value
        for metric in api.parts.metrics.door_requests.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
