"""Who speaks for a tenant may do everything about its items, and sees nobody else's."""

from collections.abc import AsyncIterator

import pytest

from hub.adapters.postgres import TenantDatabase, connect_for_tenants
from hub.recovery.bulk import begin, stop
from hub.recovery.bulk_progress import list_bulks, progress
from hub.recovery.choosing import Filter
from hub.recovery.editing import edit, undo
from hub.recovery.groups import groups
from hub.recovery.items import list_items
from hub.recovery.notes import note, search_notes
from hub.recovery.opening import look
from hub.recovery.rehearsal import rehearse, rehearse_many
from hub.recovery.showing import show
from hub.recovery.spot import NotPossibleError
from hub.recovery.today import Today
from hub.recovery.wishes import give_up, hold, redrive, release
from hub.sdk.failures import StoreUnavailableError
from tests.ledger.counter import World
from tests.ledger.driver import Hub
from tests.recovery.stories import ME, broken_key

pytestmark = pytest.mark.servers


@pytest.fixture
async def tenants(hub: Hub, dsn: str) -> AsyncIterator[TenantDatabase]:
    await hub.db.execute("grant select on counter to hub_api")
    pool = await connect_for_tenants(dsn, size=2)
    yield pool
    await pool.close()


async def test_a_tenant_does_everything_about_its_items(
    hub: Hub, world: World, today: Today, tenants: TenantDatabase
) -> None:
    first, second = await broken_key(hub, world)
    world.broken.clear()
    async with tenants.speaking_for("acme") as queries:
        assert [one.event_id for one in await list_items(queries)] == ["first", "second"]
        assert len(await groups(queries)) == 2
        assert (await show(queries, second.spot)).behind == first.spot
        assert (await rehearse(queries, today, first.spot)).item.outcome == "applied"
        assert (await rehearse_many(queries, today, Filter(state="dead_lettered"))).items == 1
        await note(queries, first.spot, "cause_found", "a bug", by=ME)
        assert (await look(queries, today, first.spot, "to mend it", by=ME)).text
        await edit(queries, today, first.spot, b'{"key": "a"}', "mend", by=ME)
        await undo(queries, today, first.spot, "no", by=ME)
        await hold(queries, first.spot, "wait", by=ME)
        await release(queries, first.spot, "go on", by=ME)
        bulk = await begin(
            queries, Filter(tenant="acme", state="dead_lettered"), "mended", by=ME, rate=0.01
        )
        assert (await progress(queries, bulk)).still_wanted == 1
        assert await stop(queries, bulk, "too soon", by=ME) == 1
        await redrive(queries, first.spot, "mended", by=ME)
    await hub.until("select count(*) = 0 from item", "nothing is open")

    assert await hub.applied() == ["first", "second"]


async def test_nobody_who_speaks_for_a_tenant_says_when_something_was_done(
    tenants: TenantDatabase,
) -> None:
    said = "insert into staff_action (tenant, by, verb, at) values ('acme', 'ada', 'note', '2020-01-01')"
    asked = "insert into redrive (tenant, wanted, asked_at) values ('acme', 'redrive', now())"
    for sql in (said, asked):
        with pytest.raises(StoreUnavailableError, match="permission denied"):
            async with tenants.speaking_for("acme") as queries:
                await queries.execute(sql)


async def test_another_tenant_sees_none_of_it_and_can_do_nothing(
    hub: Hub, world: World, today: Today, tenants: TenantDatabase
) -> None:
    first, _ = await broken_key(hub, world)
    await note(hub.db, first.spot, "cause_found", "a bug", by=ME)
    await begin(hub.db, Filter(tenant="acme"), "mended", by=ME, rate=0.01)
    async with tenants.speaking_for("bolt") as queries:
        found = [await list_items(queries), await groups(queries), await list_bulks(queries)]
        assert found == [[], [], []]
        assert await search_notes(queries) == []
        for act in (redrive, give_up, hold, release):
            with pytest.raises(NotPossibleError, match="no open item"):
                await act(queries, first.spot, "mine", by=ME)
        with pytest.raises(NotPossibleError, match="no open item"):
            await look(queries, today, first.spot, "mine", by=ME)
        with pytest.raises(NotPossibleError, match="no open item"):
            await edit(queries, today, first.spot, b'{"key": "a"}', "mine", by=ME)
