"""What is on hand of a product is the sum of its movements, as Postgres has them by now."""

from typing import Any

import asyncpg
import pytest

from hub.adapters.postgres import connect
from hub.ledger.lookups import STOCK, Lookups
from hub.ledger.plan import Plan
from hub.ledger.standing import Standing
from hub.processors.catalog import PROCESSOR
from hub.sdk.events import AskStock, Stock

pytestmark = pytest.mark.servers

INSERT = """
insert into stock_movement (id, home, tenant, version, product, branch, quantity, moved_at, doc)
values ($1, $1, $2, 1, $3, $4, $5, now(), '{}')
"""


async def moved(dsn: str, *rows: tuple[str, str, str, str, int]) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.executemany(INSERT, rows)
    await connection.close()


def batch(db: Any) -> Lookups:
    return Lookups(db, PROCESSOR, Plan(Standing(0, 1, 0, 0, 0), 0, 0, 1, 0), None)


async def test_each_product_has_the_stock_of_its_own_merchant(database: str) -> None:
    await moved(
        database,
        ("m1", "acme", "drill", "north", 5),
        ("m2", "acme", "drill", "south", -2),
        ("m3", "acme", "saw", "north", 1),
        ("m4", "acme", "saw", "north", -1),
        ("m5", "bolt", "drill", "north", 100),
    )
    db = await connect(database, size=1)
    lookups = batch(db)
    drill, saw = AskStock("acme", "drill"), AskStock("acme", "saw")
    nobody, odd = AskStock("acme", "hammer"), AskStock("acme", "a\x00b")
    await lookups.answer([drill, saw, nobody, odd, drill])

    known = lookups.known
    assert known.stock(drill) == Stock(2, 3)
    assert known.stock(saw) == Stock(2, 0), "it is known, and there is none left"
    assert known.stock(nobody) == known.stock(odd) == Stock(0, 0)
    await db.close()


async def test_another_batch_sees_what_moved_meanwhile(database: str) -> None:
    db, ask = await connect(database, size=1), AskStock("acme", "drill")
    for number in range(2):
        await moved(database, (f"m{number}", "acme", "drill", "north", 4))
        lookups = batch(db)
        await lookups.answer([ask])
        assert lookups.known.stock(ask) == Stock(number + 1, 4 * (number + 1))
    await db.close()


async def test_stock_is_summed_from_an_index_alone(database: str) -> None:
    db = await connect(database, size=1)
    plan = await db.fetch(f"explain {STOCK}", ["acme"], ["drill"])
    text = "\n".join(row[0] for row in plan)
    assert "Seq Scan on stock_movement" not in text
    assert "stock_movement_by_product" in text
    await db.close()
