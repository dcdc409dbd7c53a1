"""A name that must be free is given once, even to those who would lead it to one and the same home."""

import pytest

from hub.adapters.postgres import Database
from hub.ledger.plan import NOBODY, NameRow, Plan
from hub.ledger.standing import Standing
from hub.ledger.statement import bind, build
from hub.registry import processor
from hub.sdk.failures import DecideAgainError

pytestmark = pytest.mark.servers
OWNER = """
insert into partition_owner (topic, part, epoch, first_offset, next_offset, seq, published_seq,
                             partition_count, code_version)
values ('warranty.intake.v1', $1, 1, 0, 0, 0, 0, 1, 1)
"""
WARRANTY = processor("warranty")
EMAIL = ("email", "acme", "hash")


async def claim(database: Database, part: int, offset: int, row: NameRow) -> None:
    """One batch of a partition that claims an address for a customer."""
    standing = Standing(offset, 1, 0, 0, 0)
    plan = Plan(standing, from_offset=offset, to_offset=offset + 1, from_seq=0, seq=0)
    plan.names[EMAIL] = row
    values = bind(WARRANTY, plan, part=part, epoch=1, published=0, posted=0)
    assert await database.fetchval(build(WARRANTY), *values) == 1


async def test_of_two_partitions_that_found_a_customer_the_second_decides_again(
    database: Database,
) -> None:
    for part in (0, 1):
        await database.execute(OWNER, part)
    founded = NameRow("home", "cus_home", released=False, was=NOBODY)
    await claim(database, 0, 0, founded)
    with pytest.raises(DecideAgainError):
        await claim(database, 1, 0, founded)
    # Whoever has seen the first one may write it again.
    await claim(database, 1, 0, NameRow("home", "cus_home", released=False, was="home"))
    assert await database.fetchval("select count(*) from name") == 1


async def test_a_name_of_its_own_home_needs_no_look(database: Database) -> None:
    await database.execute(OWNER, 0)
    own = NameRow("home", "wty_home_1", released=False, was=None)
    await claim(database, 0, 0, own)
    await claim(database, 0, 1, own)
