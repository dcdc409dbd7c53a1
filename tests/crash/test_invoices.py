"""What the run says of an invoice that was registered by half, or was answered and is not there."""

import random
from typing import Any

import pytest

from hub.adapters.postgres import Database
from hub.dev.crash.installation import TENANT
from hub.dev.crash.invoices import Invoices

pytestmark = pytest.mark.servers
NOTHING: Any = None
UNIT = """
insert into unit (id, home, tenant, version, status, product, order_reference, doc)
values ($1, '', $2, 1, 'covered', 'K', $3, '{}')
"""


async def test_finds_what_is_there_by_half(dsn: str, database: Database) -> None:
    chance = random.Random(1)  # noqa: S311 - a test
    shop = Invoices(NOTHING, "", NOTHING, chance, "run")
    shop.sent = {"whole": 2, "half": 3, "gone": 1, "refused": 2, "twice": 1}
    shop.told = {"whole", "gone", "twice"}
    for order, units in (("whole", 2), ("half", 2), ("twice", 2)):
        for n in range(units):
            await database.execute(UNIT, f"{order}-{n}", TENANT, order)

    await shop.judge(dsn)

    assert [one.split()[1] for one in shop.wrong] == ["half", "gone", "twice"]
    assert shop.figures["invoices_half"] == 3
