"""Units of real stock are promised by the engine itself: never twice, and never one that is not there."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings, apply_topics
from hub.registry import processor
from schemas.base import Fact
from schemas.envelope import Envelope, source_of, to_headers
from schemas.events.claim import StockPromised, StockReleased, StockShort, StockWanted
from schemas.events.product import ProductDescribed, StockMoved
from schemas.refs import home, home_of, movement_home, place, product_home
from schemas.topics import MIB
from tests.ledger.counter import topic
from tests.ledger.driver import PARTITIONS, Hub, Told, installation

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC)
CLAIM = home("acme", "order", "till", "o1")


@pytest.fixture
async def depot(kafka: str, database: str, publisher: Any, topic_prefix: str) -> AsyncIterator[Hub]:
    """The catalog on topics of its own; what it writes to warranties lands beside them."""
    settings, catalog = KafkaSettings(kafka), processor("catalog")
    elsewhere = topic(f"{topic_prefix}elsewhere", MIB, stamped=True)
    await apply_topics(settings, [elsewhere], partitions=PARTITIONS, replication=1)
    own = replace(
        catalog,
        name=f"{topic_prefix}catalog",
        reads=topic(f"{topic_prefix}intake", MIB, stamped=True),
        writes=topic(f"{topic_prefix}status", MIB, stamped=False),
        letters=dict.fromkeys(catalog.letters, elsewhere),
    )
    async with installation(settings, database, own, publisher) as hub:
        yield hub
        await hub.check_books()


def record(event: str, fact: Fact, where: str, by: str = "depot") -> Told:
    envelope = Envelope(
        id=event, source=source_of("acme", by), type=fact.TYPE, time=NOW, tenant="acme"
    )
    body = fact.model_dump_json(exclude_none=True).encode()
    return Told(place(where, PARTITIONS), where.encode(), body, to_headers(envelope))


def moved(reference: str, quantity: int, product: str = "drill") -> Told:
    given = {"reference": reference, "product": product, "branch": "north"}
    fact = StockMoved.model_validate(given | {"quantity": quantity, "moved_at": NOW})
    return record(reference, fact, movement_home("acme", "depot", reference))


def asked(kind: type[StockWanted | StockReleased], number: int, product: str = "drill") -> Told:
    fact = kind(effect=f"eff_{CLAIM}_{number}", product=product)
    event = f"{kind.__name__}-{number}-{product}"
    return record(event, fact, product_home("acme", product), by="hub")


async def answers(depot: Hub) -> list[dict[str, Any]]:
    """What was written to the home of the claim, in order."""
    (elsewhere,) = set(depot.processor.letters.values())
    records = await depot.read(elsewhere.name)
    assert {one.key.decode() for one in records} <= {CLAIM}
    return [
        {"type": dict(one.headers)["ce_type"].decode(), **json.loads(one.value)} for one in records
    ]


async def test_as_many_units_are_promised_as_there_are(depot: Hub) -> None:
    await depot.start()
    described = ProductDescribed(code="drill", name="Drill", described_at=NOW)
    await depot.told_all(record("d", described, product_home("acme", "drill")))
    await depot.told_all(moved("m1", 3), moved("m2", -1))
    await depot.told_all(*(asked(StockWanted, number) for number in range(1, 5)))
    await depot.told_all(asked(StockReleased, 1), asked(StockWanted, 5))

    told = await answers(depot)
    effects = [home_of(one["effect"]) for one in told]
    assert set(effects) == {CLAIM}
    kinds = [(one["type"], one["effect"][-1]) for one in told]
    assert kinds == [
        (StockPromised.TYPE, "1"),
        (StockPromised.TYPE, "2"),
        (StockShort.TYPE, "3"),
        (StockShort.TYPE, "4"),
        (StockPromised.TYPE, "5"),
    ]


async def test_a_product_that_nobody_described_is_not_promised_and_not_founded(depot: Hub) -> None:
    await depot.start()
    await depot.told_all(moved("m1", 9, "saw"))
    await depot.told_all(asked(StockWanted, 1, "saw"), asked(StockReleased, 1, "saw"))
    (told,) = await answers(depot)
    assert (told["type"], told["known"]) == (StockShort.TYPE, False)
    assert await depot.db.fetchval("select count(*) from product") == 0

    described = ProductDescribed(code="saw", name="Saw", described_at=NOW)
    await depot.told_all(record("d", described, product_home("acme", "saw")))
    await depot.told_all(asked(StockWanted, 2, "saw"))
    *_, last = await answers(depot)
    assert (last["type"], last["left"]) == (StockPromised.TYPE, 8)
