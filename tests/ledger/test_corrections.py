"""Corrections and waiting registrations on the real ledger: names, letters, and its own checks."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings, Peek
from hub.recovery.verify import Verifier
from hub.registry import processor
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import order_home, place, serial_home
from schemas.topics import MIB
from tests.ledger.counter import topic
from tests.ledger.driver import PARTITIONS, Hub, Told, installation

pytestmark = pytest.mark.servers
Body = dict[str, Any]
AT = "2026-03-01T10:00:00+03:00"


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
        await hub.start()
        yield hub
        await hub.check_books()


def record(kind: str, where: str, body: Body, *, of: str, revision: int = 1) -> Told:
    """A translation of the record `of`, as a translator publishes it."""
    envelope = Envelope(
        id=f"{of}-{revision}",
        source=source_of("acme", "till"),
        type=kind,
        time=datetime.now(UTC),
        tenant="acme",
    )
    more = [("hub-raw", of.encode()), ("hub-revision", b"%d" % revision)]
    value = json.dumps(body).encode()
    headers = [*to_headers(envelope), *more]
    return Told(place(where, PARTITIONS), where.encode(), value, headers)


def sale(order: str, *serials: str, revision: int = 1) -> Told:
    line = {"line": "1", "product": {"code": "KET-1"}, "serials": serials, "quantity": 1}
    body = {
        "order": {"namespace": "till", "reference": order},
        "sold_at": AT,
        "zone": "Europe/Istanbul",
        "lines": [line],
    }
    where = order_home("acme", "till", order)
    return record("sale.recorded.v1", where, body, of=f"raw-{order}", revision=revision)


def registration(serial: str, product: str | None = None) -> Told:
    body = {
        "reference": f"reg-{serial}",
        "registered_at": AT,
        "zone": "Europe/Istanbul",
        "serial": serial,
        **({"product": {"code": product}} if product else {}),
    }
    where = serial_home("acme", serial)
    return record("registration.requested.v1", where, body, of=f"raw-{serial}")


async def units(hub: Hub) -> list[tuple[str, str | None, str]]:
    rows = await hub.db.fetch("select * from unit order by order_reference, id")
    return [(row["order_reference"], row["serial"], row["status"]) for row in rows]


async def check(hub: Hub, kafka: str) -> None:
    """What `hub verify` says of it."""
    async with Peek(KafkaSettings(kafka)) as peek:
        report = await Verifier(hub.db, peek, hub.processor, (), patience=2.0).run(deep=True)
    assert report.problems == []


async def test_a_replay_with_a_mended_mapping_is_not_lost_as_a_duplicate(
    shop: Hub, kafka: str
) -> None:
    """Hole 18: had the replay the ids of the first pass, its corrections would be repeats."""
    await shop.told_all(sale("a", "7"), sale("b", "8"))
    await shop.told_all(sale("a", "007", revision=2), sale("b", "8", revision=2))
    await shop.told_all(sale("a", "7"), sale("c", "7"))
    await shop.told_all(registration("7", "KET-1"))

    assert await units(shop) == [
        ("a", "007", "covered"),
        ("b", "8", "covered"),
        ("c", "7", "covered"),
    ]
    assert await shop.outcomes() == {"applied": 5, "deduplicated": 2} | await forwarded(shop)
    await check(shop, kafka)


async def forwarded(hub: Hub) -> dict[str, int]:
    """A registration goes to its serial's home first, which may not be where the unit lives."""
    return {name: n for name, n in (await hub.outcomes()).items() if name == "forwarded"}


async def test_a_registration_that_waits_is_linked_by_the_very_sale(shop: Hub, kafka: str) -> None:
    """Not by the timer that looks for it: that one is not due within the test."""
    serials = [f"s{n}" for n in range(6)]
    await shop.told_all(*(registration(serial) for serial in serials))
    assert await shop.db.fetchval("select count(*) from timer") == len(serials)

    await shop.told_all(*(sale(serial, serial) for serial in serials))

    registered = "select count(*) from unit where doc::text like '%\"registration\"%'"
    assert await shop.db.fetchval(registered) == len(serials)
    assert await shop.db.fetchval("select count(*) from timer") == 0
    waiting = "select count(*) from name where not released and id = home"
    assert await shop.db.fetchval(waiting) == 0
    await check(shop, kafka)
