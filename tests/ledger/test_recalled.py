"""Merchants are remembered for a second by all partitions of a worker together."""

import asyncio

import pytest

from hub.adapters.postgres import connect
from hub.ledger.lookups import Lookups
from hub.ledger.plan import Plan
from hub.ledger.recalled import Tenants
from hub.ledger.standing import Standing
from hub.sdk.events import AskTenant
from tests.ledger.counter import World, counter

pytestmark = pytest.mark.servers


async def test_a_merchant_stays_known_to_a_batch_while_a_stranger_is_looked_for(
    database: str,
) -> None:
    """The second is over in between, and another partition's batch forgets what was remembered."""
    db, tenants = await connect(database, size=2), Tenants()
    processor = counter("t.", World())
    plan = Plan(Standing(0, 1, 0, 0, 0), 0, 0, 1, 0)
    await Lookups(db, processor, plan, None, tenants).answer([AskTenant("acme")])
    batch = Lookups(db, processor, plan, None, tenants)
    asking = asyncio.create_task(batch.answer([AskTenant("acme"), AskTenant("stranger")]))
    await asyncio.sleep(0)
    tenants.read_at = 0.0
    tenants.recall("bolt")
    await asking
    assert batch.known.tenant("stranger") is None
    assert batch.known.tenant("acme") is not None
    await db.close()
