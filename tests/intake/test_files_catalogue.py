"""A catalogue as dropped files: products, categories and stock beside sales, each line answered."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.kafka import apply_topics
from hub.registry import connector, processor
from tests.apart import apart, topics_of
from tests.intake.conftest import PARTITIONS, TENANT, Installation
from tests.intake.dropping import HEAD, DropBox, row

pytestmark = pytest.mark.servers

PRODUCTS = "code;name;brand;category;described_at;months\n"
STOCK = "products", "categories", "stock"


@pytest.fixture
async def boxes(
    hub: Installation, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[dict[str, DropBox]]:
    """A folder for each kind of rows, and one of a till, on a hub with both processors."""
    catalog = apart(processor("catalog"), topic_prefix)
    await apply_topics(hub.settings, topics_of(catalog), partitions=PARTITIONS, replication=1)
    beside = Installation(hub.settings, hub.dsn, hub.database, catalog)
    await beside.start()
    connectors = {name: connector(name) for name in ("pos", "catalogue")}
    store = SourceStore(connectors, Keyring(b"k" * 32))
    for kind in STOCK:
        told = {"kind": kind, "zone": "Europe/Istanbul"}
        await store.put(hub.database, TENANT, f"erp-{kind}", "catalogue", told)
    elsewhere = {fact.TYPE: catalog.reads for fact in catalog.consumes}
    found = {
        name: DropBox(tmp_path / "drop", hub, connectors, source=source, elsewhere=elsewhere)
        for name, source in (("till", "till-7"), *((kind, f"erp-{kind}") for kind in STOCK))
    }
    await found["till"].add_source()
    yield found
    await beside.stop()


async def test_each_line_of_a_catalogue_is_answered(boxes: dict[str, DropBox]) -> None:
    products, stock, till = (boxes[name] for name in ("products", "stock", "till"))
    products.drop(
        "new.csv",
        PRODUCTS
        + "TV;Television;Acme;big;31.01.2026;36\n"
        + "RADIO;Radio;;;31.01.2026;\n"
        + "LAMP;;;;31.01.2026;\n",
    )
    moved: dict[str, object] = {
        "product": "TV",
        "branch": "north",
        "moved_at": "2026-01-31T10:00:00Z",
    }
    lines = [moved | {"reference": f"m{n}", "quantity": n} for n in (10, -3, 4)]
    stock.drop("monday.jsonl", "".join(json.dumps(one) + "\n" for one in [*lines, lines[0]]))
    async with till.watched():
        summary = await products.ended("new.csv")
        await stock.ended("monday.jsonl")
        till.drop("sales.csv", HEAD + row(1, "S1"))
        await till.ended("sales.csv")
        products.drop("old.csv", PRODUCTS + "TV;Old name;Acme;big;30.01.2026;12\n")
        await products.ended("old.csv")

    assert products.words("new.csv") == {2: "accepted", 3: "accepted", 4: "unreadable"}
    assert [one["detail"] for one in products.result("new.csv")][:2] == [
        "product TV, version 1",
        "product RADIO, version 1",
    ]
    assert products.result("new.csv")[2]["code"] == "name_missing"
    assert (summary["rows"], summary["accepted"], summary["unreadable"]) == (3, 2, 1)
    (old,) = products.result("old.csv")
    assert (old["status"], old["detail"]) == (
        "duplicate",
        "product TV, version 1; what was described later stays",
    )
    assert stock.words("monday.jsonl")[4] == "duplicate"
    (sale,) = till.result("sales.csv")
    assert sale["detail"] == "covered 2026-01-31 … 2029-01-31"
    database = till.hub.database
    assert await database.fetchval("select name from product where code = 'TV'") == "Television"
    assert await database.fetchval("select sum(quantity)::int from stock_movement") == 11


async def test_the_same_file_again_changes_nothing(boxes: dict[str, DropBox]) -> None:
    box = boxes["products"]
    text = PRODUCTS + "".join(f"P-{n};Product {n};;;31.01.2026;\n" for n in range(1200))
    async with box.watched():
        box.drop("one.csv", text)
        await box.ended("one.csv")
        box.drop("two.csv", text)
        summary = await box.ended("two.csv")

    assert (summary["rows"], summary["duplicate"]) == (1200, 1200)
    found = "select count(*)::int, max(version)::int from product"
    assert tuple(await box.hub.database.fetchrow(found)) == (1200, 1)
