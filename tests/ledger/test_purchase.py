"""What only the real processor shows of the engine: whole invoices, and sales that are nonsense."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings
from hub.registry import processor
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import order_home, place
from schemas.topics import MIB
from tests.ledger.counter import topic
from tests.ledger.driver import PARTITIONS, Hub, Told, installation

pytestmark = pytest.mark.servers
Sale = dict[str, Any]


@pytest.fixture
async def shop(kafka: str, database: str, publisher: Any, topic_prefix: str) -> AsyncIterator[Hub]:
    """The warranty processor on topics of its own."""
    warranty = replace(
        processor("warranty"),
        name=f"{topic_prefix}warranty",
        reads=topic(f"{topic_prefix}intake", 12 * MIB, stamped=True),
        writes=topic(f"{topic_prefix}status", MIB, stamped=False),
    )
    async with installation(KafkaSettings(kafka), database, warranty, publisher) as hub:
        yield hub
        await hub.check_books()


def sale(reference: str, **changed: Any) -> Sale:
    """A sale of one kettle."""
    return {
        "order": {"namespace": "till", "reference": reference},
        "sold_at": "2026-03-01T10:00:00+03:00",
        "zone": "Europe/Istanbul",
        "lines": [line("1")],
        **changed,
    }


def line(number: str, **changed: Any) -> Sale:
    return {"line": number, "product": {"code": "KET-1"}, **changed}


def record(event: str, body: Sale, kind: str = "sale.recorded.v1") -> Told:
    """As a till would publish it."""
    reference = body["order"]["reference"]
    home = order_home("acme", "till", reference)
    envelope = Envelope(
        id=event,
        source=source_of("acme", "till"),
        type=kind,
        time=datetime.now(UTC),
        tenant="acme",
    )
    return Told(
        place(home, PARTITIONS), home.encode(), json.dumps(body).encode(), to_headers(envelope)
    )


BAD: dict[str, tuple[Callable[[], Sale], str]] = {
    "unknown zone": (lambda: sale("s", zone="Mars/Olympus"), "unknown time zone"),
    "path for a zone": (lambda: sale("s", zone="../../etc/passwd"), "unknown time zone"),
    "31 February": (lambda: sale("s", sold_at="2026-02-31T10:00:00Z"), "sold_at"),
    "no offset": (lambda: sale("s", sold_at="2026-02-01T10:00:00"), "sold_at"),
    "negative quantity": (lambda: sale("s", lines=[line("1", quantity=-1)]), "quantity"),
    "text for a quantity": (lambda: sale("s", lines=[line("1", quantity="2")]), "quantity"),
    "no lines": (lambda: sale("s", lines=[]), "lines"),
    "huge serial": (lambda: sale("s", lines=[line("1", serials=["9" * 100_000])]), "serials"),
    "1,001 lines": (
        lambda: sale("many", lines=[line(str(n)) for n in range(1001)]),
        "1,000|1000",
    ),
    "1,001 units": (lambda: sale("lot", lines=[line("1", quantity=1001)]), "1,000|1000"),
    "2099": (lambda: sale("late", sold_at="2099-01-01T00:00:00Z"), ""),
    "year 1": (lambda: sale("one", sold_at="0001-01-01T00:00:00+14:00"), ""),
    "year 9999": (lambda: sale("last", sold_at="9999-12-31T23:59:59-14:00"), ""),
    "NUL in a serial": (lambda: sale("nul", lines=[line("1", serials=["a\x00b"])]), ""),
    "NUL in a reference": (lambda: sale("nul\x00ref"), ""),
    "NUL in a branch": (lambda: sale("branch", branch="a\x00b"), ""),
    "wide serial": (lambda: sale("wide", lines=[line("1", serials=["\u0390" * 128])]), ""),
}


async def test_sales_that_are_nonsense_are_answered_and_their_neighbours_get_their_warranty(
    shop: Hub,
) -> None:
    """Every bad sale between good ones: a rejection or a dead letter with the reason, no stall."""
    await shop.start()
    records = []
    for n, (make, _) in enumerate(BAD.values()):
        records += [record(f"good{n}", sale(f"g{n}")), record(f"bad{n}", make())]
    await shop.told_all(*records, record("last", sale("g-last")))
    good = "select count(*) from unit where order_reference like 'g%'"
    assert await shop.db.fetchval(good) == len(BAD) + 1
    said = {item["event_id"]: item["reason"] for item in await shop.items()}
    refused = {
        dict(r.headers)["ce_causationid"].decode(): r.value.decode()
        for r in await shop.status()
        if b"refused" in dict(r.headers)["ce_type"]
    }
    for n, (name, (_, reasons)) in enumerate(BAD.items()):
        found = said.get(f"bad{n}", "") + refused.get(f"bad{n}", "")
        if reasons:
            assert any(reason in found for reason in reasons.split("|")), (name, found)
    outcomes = await shop.outcomes()
    assert outcomes["dead_lettered"] == len(said)


async def test_an_invoice_of_several_products_is_accepted_or_refused_whole(shop: Hub) -> None:
    """Hole 2: had each unit a key of its own, half an invoice would stand and half be refused."""
    await shop.start()
    await shop.told_all(record("e1", sale("a", lines=[line("1", serials=["S1"])])))
    both = [line("1", serials=["S2"]), line("2", serials=["S1"])]
    await shop.told_all(record("e2", sale("b", lines=both)))
    assert await shop.db.fetchval("select count(*) from unit") == 1
    assert await shop.outcomes() == {"applied": 1, "rejected": 1}


async def test_a_return_by_order_finds_every_unit_of_it_even_before_the_sale(shop: Hub) -> None:
    """Hole 1 and 2: one key, so the return waits for the sale and then ends all of it."""
    await shop.start()
    back = {
        "order": {"namespace": "till", "reference": "a"},
        "reference": "R1",
        "returned_at": "2026-03-05T10:00:00+03:00",
        "zone": "Europe/Istanbul",
    }
    await shop.told_all(record("e1", back, "sale.returned.v1"))
    assert await shop.outcomes() == {"early": 1}
    lines = [line("1", quantity=2, serials=["S1"]), line("2")]
    await shop.told_all(record("e2", sale("a", lines=lines)))
    ended = await shop.db.fetch("select distinct status from unit")
    assert [row["status"] for row in ended] == ["ended"]
    assert await shop.db.fetchval("select count(*) from unit") == 3
    assert await shop.outcomes() == {"applied": 2}
