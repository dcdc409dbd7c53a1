"""Run where the package is installed: the hub finds its connector, and it keeps to every rule."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.sdk import webhooks
from connectors.sdk.conformance import (
    RULES,
    Rule,
    Samples,
    pulls,
    shows_nothing_personal,
    waits_for_a_source_that_is_away,
)
from hub import registry
from hub.audit.redaction import redacted
from schemas.topics import raw

CONNECTOR = registry.connector("sunrise")
PAGE = 2
BUYER = {"name": "Ada Lovelace", "id": "12345678901", "phone": {"id": "+44 20 7946 0000"}}
PERSONAL = ["Ada Lovelace", "12345678901", "+44 20 7946 0000"]


def order(number: int, **more: object) -> bytes:
    items = [{"sku": "PV-400", "serials": [f"000{number}"]}, {"sku": "CABLE"}]
    document = {"id": f"O-{number}", "status": "paid", "paid_at": "2026-01-31T10:15:00Z"}
    return json.dumps(document | {"items": items, "buyer": BUYER} | more).encode()


ORDERS = [order(number) for number in range(1, 6)]


class Sunrise(BaseHTTPRequestHandler):
    """Two orders a page, the oldest first; below /broken it fails in ways that servers fail."""

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        after = parse_qs(at.query).get("after", ["O-0"])[0]
        first = int(after.removeprefix("O-"))
        body = b'{"orders": [' + b",\n".join(ORDERS[first : first + PAGE]) + b"]}"
        self.send_response(500 if at.path.startswith("/broken") else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if at.path.startswith("/garbled") else body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Sunrise) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def samples(url: str = "https://sunrise.example") -> Samples:
    return Samples(
        settings={"shop": "sunrise-berlin", "zone": "Europe/Berlin", "url": url},
        wrong_settings=[{}, {"shop": "s", "zone": "Mars"}, {"shop": "s", "zone": "UTC", "x": 1}],
        bodies=[order(1), order(2, status="open")],
        sign=lambda secret, body, at: webhooks.sign(secret, "msg_1", at, body),
        files=[b"\n".join(ORDERS)],
        personal=PERSONAL,
    )


def test_the_hub_finds_it_and_gives_it_a_topic() -> None:
    assert {"pos", "sunrise"} <= set(registry.connectors())
    assert raw("sunrise") in registry.topics()


@pytest.mark.parametrize(
    "rule", [*RULES, shows_nothing_personal(redacted)], ids=lambda rule: rule.__name__
)
def test_keeps_to(rule: Rule) -> None:
    assert list(rule(CONNECTOR, samples())) == []


@pytest.mark.parametrize("path", ["buyer.id", "buyer.phone.id", "items.*.recipient.name"])
def test_a_connector_that_shows_a_person_breaks_a_rule(path: str) -> None:
    leaking = replace(CONNECTOR, shown=CONNECTOR.shown | {path})

    assert any(path in one for one in shows_nothing_personal(redacted)(leaking, samples()))


async def test_fetches_page_after_page_and_goes_on_from_any_order(url: str) -> None:
    async with httpx.AsyncClient() as client:
        records, found = await pulls(CONNECTOR, samples(url), client)

    assert found == []
    assert [record.payload for record in records] == ORDERS


async def test_what_it_fetched_keeps_to_the_rules_too(url: str) -> None:
    async with httpx.AsyncClient() as client:
        records, _ = await pulls(CONNECTOR, samples(url), client)
    fetched = Samples(settings=samples().settings, records=records, personal=PERSONAL)

    for rule in (*RULES[4:6], shows_nothing_personal(redacted)):
        assert list(rule(CONNECTOR, fetched)) == []


@pytest.mark.parametrize("below", ["broken/", "garbled/"])
async def test_waits_for_a_shop_that_fails(url: str, below: str) -> None:
    async with httpx.AsyncClient() as client:
        found = await waits_for_a_source_that_is_away(CONNECTOR, samples(url + below), client)
    assert found == []


async def test_waits_for_a_shop_that_is_not_there() -> None:
    async with httpx.AsyncClient() as client:
        nowhere = samples("http://127.0.0.1:9/")
        assert await waits_for_a_source_that_is_away(CONNECTOR, nowhere, client) == []
