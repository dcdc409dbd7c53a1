"""Many invoices at the same instant: one registration, and answers that agree, round after round.

`HUB_INVOICE_ROUNDS=200 pytest tests/api/test_invoice_storms.py` makes more rounds.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.api.conftest import Api
from tests.api.shop import LIST, Shop
from tests.unit.api.desk import a_product, an_invoice

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

ROUNDS = int(os.environ.get("HUB_INVOICE_ROUNDS", "20"))
AT_ONCE = 64
NUMBERS = count(1)
UNITS = "select count(*) from unit where serial = $1"


@pytest.fixture
async def shop(api: Api) -> AsyncIterator[Shop]:
    # Each has a user of its own: until a password was found right once, tries of it are counted.
    shop = await Shop.of(api, f"storm-{next(NUMBERS)}")
    yield shop
    await shop.client.aclose()


def an_order(order: str, serial: str, who: str) -> Any:
    unit = a_product(serialNumber=serial, externalLineId="L-1")
    customer = {"email": f"{who}@example.com", "phone": "5443332211"}
    return an_invoice(unit, externalOrderId=order, customer=customer)


async def heard(shop: Shop, invoice: Any) -> httpx.Response:
    """What a caller is told who does as a 202 says: send it again."""
    while (told := await shop.post(invoice)).status_code == httpx.codes.ACCEPTED:
        pass
    return told


async def test_of_identical_requests_one_registers_and_all_hear_it(api: Api, shop: Shop) -> None:
    for n in range(ROUNDS):
        invoice = an_order(f"same-{n}", f"same-{n}", f"same-{n}")
        told = await asyncio.gather(*(heard(shop, invoice) for _ in range(AT_ONCE)))
        assert {one.status_code for one in told} == {200}, [one.text for one in told]
        assert len({one.content for one in told}) == 1
        assert await api.database.fetchval(UNITS, f"same-{n}") == 1


async def test_of_conflicting_requests_one_registers_and_all_others_are_told_so(
    api: Api, shop: Shop
) -> None:
    for n in range(ROUNDS):
        serial = f"one-{n}"
        invoices = [an_order(f"one-{n}-{k}", serial, f"one-{n}") for k in range(AT_ONCE)]
        told = await asyncio.gather(*(heard(shop, one) for one in invoices))
        counted = Counter(one.status_code for one in told)
        assert counted == {200: 1, 409: AT_ONCE - 1}, [one.text for one in told]
        codes = {
            line["code"] for one in told if one.status_code == 409 for line in one.json()["lines"]
        }
        assert codes == {"double_entry"}
        assert await api.database.fetchval(UNITS, serial) == 1
        winner = next(k for k, one in enumerate(told) if one.status_code == 200)
        again = await asyncio.gather(*(heard(shop, one) for one in invoices))
        assert [one.content for one in again] == [one.content for one in told]
        number = again[winner].json()[LIST][0]["id"]
        stored = "select published_id from unit where serial = $1"
        assert await api.database.fetchval(stored, serial) == number


async def test_customers_at_the_same_instant_are_one(api: Api, shop: Shop) -> None:
    for n in range(ROUNDS):
        invoices = [an_order(f"cus-{n}-{k}", f"cus-{n}-{k}", f"cus-{n}") for k in range(AT_ONCE)]
        told = await asyncio.gather(*(heard(shop, one) for one in invoices))
        assert {one.status_code for one in told} == {200}, [one.text for one in told]
        found = "select count(distinct customer) from unit where serial like $1"
        assert await api.database.fetchval(found, f"cus-{n}-%") == 1
