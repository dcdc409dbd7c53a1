"""E22: the integer by which published APIs call a warranty is allotted once and stays."""

import pytest

from hub.adapters.postgres import Database, connect_for_tenants
from hub.api.invoice.numbers import numbers_of
from hub.ledger.homes import Arrival, Home, Inbox, settle
from hub.ledger.plan import PartRow, Plan
from hub.ledger.standing import Standing
from hub.ledger.statement import bind, build
from hub.registry import processor
from hub.sdk.events import Event
from tests.unit.story import Story, a_deletion, a_line, a_sale

OWNER = """
insert into partition_owner (topic, part, epoch, first_offset, next_offset, seq, published_seq,
                             partition_count, code_version)
values ('warranty.intake.v1', 0, 1, 0, 0, 0, 0, 1, 1)
"""
NUMBERS = "select id, published_id from unit order by id"


class Engine:
    """One event, one batch: the engine's own decision and the engine's own statement."""

    def __init__(self, database: Database) -> None:
        """Begin where nothing has been decided."""
        self.database = database
        self.processor = processor("warranty")
        self.homes: dict[str, Home] = {}
        self.offset = 0

    async def take(self, event: Event) -> None:
        """Decide an event and commit what follows."""
        known = Story().lookups(event)
        place = self.processor.place(event, known)
        nobody = self.processor.assemble(None, ())
        home = self.homes.setdefault(place, Home(place, event.tenant, 0, Inbox(), nobody))
        (settled,) = settle(self.processor, home, Arrival(event, self.offset), known)
        home.version += 1
        rows = {row.id: PartRow(place, event.tenant, home.version, row) for row in settled.rows}
        standing = Standing(self.offset, 1, 0, 0, 0)
        plan = Plan(standing, from_offset=self.offset, to_offset=self.offset + 1, from_seq=0, seq=0)
        plan.homes[place] = home
        plan.parts["unit"] = rows
        values = bind(self.processor, plan, part=0, epoch=1, published=0, posted=0)
        assert await self.database.fetchval(build(self.processor), *values) == 1
        self.offset += 1


@pytest.mark.servers
async def test_the_first_statement_allots_it_and_later_ones_leave_it(database: Database) -> None:
    await database.execute(OWNER)
    engine = Engine(database)
    await engine.take(a_sale(a_line(), a_line("saw")))
    first = dict(await database.fetch(NUMBERS))
    await engine.take(a_sale(a_line(), a_line("saw"), by="erp"))
    await engine.take(a_deletion())
    assert dict(await database.fetch(NUMBERS)) == first
    assert await database.fetchval("select count(*) from unit where status = 'ended'") == 2
    await engine.take(a_sale(a_line(), id="again"))
    numbers = dict(await database.fetch(NUMBERS))
    assert len(set(numbers.values())) == 3


@pytest.mark.servers
async def test_a_door_reads_it_of_its_own_tenant_alone(dsn: str, database: Database) -> None:
    await database.execute(OWNER)
    await Engine(database).take(a_sale(a_line(), a_line("saw")))
    warranties = [row["id"] for row in await database.fetch(NUMBERS)]
    door = await connect_for_tenants(dsn, size=1)
    async with door.speaking_for("acme") as queries:
        assert await numbers_of(queries, warranties) == dict(await database.fetch(NUMBERS))
        assert await numbers_of(queries, []) == {}
    async with door.speaking_for("bolt") as queries:
        assert await numbers_of(queries, warranties) == {}
    await door.close()
