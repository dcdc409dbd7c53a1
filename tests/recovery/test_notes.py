"""What staff write about an item outlives it, is found by its text, and stands in the audit and in its trace."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.adapters.postgres import connect_for_tenants
from hub.domain.notes import CODES
from hub.recovery.notes import note, search_notes
from hub.recovery.spot import NotPossibleError
from hub.recovery.wishes import give_up, hold
from hub.trail import audit
from hub.trail.rebuild import rebuild
from hub.trail.trace import find
from tests.ledger.counter import World
from tests.ledger.driver import Hub
from tests.recovery.stories import ME, broken_key

pytestmark = pytest.mark.servers


async def test_a_note_is_found_after_its_item_is_gone(hub: Hub, world: World) -> None:
    first, second = await broken_key(hub, world)
    await note(hub.db, first.spot, "source_informed", "Till 4 was asked", by=ME)
    await note(hub.db, second.spot, "other", "waits with it", by=ME)
    await give_up(hub.db, first.spot, "a test", by=ME)
    await hub.until("select count(*) = 0 from item", "nothing is open")

    (found,) = await search_notes(hub.db, text="TILL 4")

    assert (found.code, found.by, found.spot) == ("source_informed", ME, first.spot)
    assert [one.text for one in await search_notes(hub.db, code="other")] == ["waits with it"]
    assert len(await search_notes(hub.db, tenant="acme")) == 2
    assert await search_notes(hub.db, tenant="bolt") == []
    assert await search_notes(hub.db, since=datetime.now(UTC) + timedelta(hours=1)) == []


async def test_a_note_has_one_of_our_codes(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)

    with pytest.raises(NotPossibleError, match="source_informed"):
        await note(hub.db, first.spot, "nonsense", "x", by=ME)
    with pytest.raises(NotPossibleError, match="at least one"):
        await note(hub.db, first.spot, "other", " ", by=ME)
    assert await note(hub.db, first.spot, "customer_informed", "", by=ME)
    assert all(CODES.values())


async def test_what_staff_did_stands_in_the_audit_of_its_tenant_alone(
    hub: Hub, world: World, dsn: str
) -> None:
    first, _ = await broken_key(hub, world)
    await note(hub.db, first.spot, "source_informed", "Till 4 was asked", by=ME)
    tenants = await connect_for_tenants(dsn, size=2)
    try:
        async with tenants.speaking_for("acme") as queries:
            page = await audit.page(queries, "acme", text="till 4")
            notes = await search_notes(queries)
        async with tenants.speaking_for("bolt") as queries:
            nothing = (await audit.page(queries, "bolt")).entries, await search_notes(queries)
    finally:
        await tenants.close()

    (entry,) = page.entries
    assert (entry.stage, entry.status, entry.reason) == ("staff", "note", "Till 4 was asked")
    assert (entry.actor.kind, entry.actor.name, entry.event_id) == ("user", ME, "first")
    assert len(notes) == 1
    assert nothing == ((), [])


async def test_what_staff_did_stands_in_the_trace_even_after_a_rebuild(
    hub: Hub, world: World, dsn: str
) -> None:
    first, _ = await broken_key(hub, world)
    await note(hub.db, first.spot, "source_informed", "Till 4 was asked", by=ME)
    await rebuild(hub.db, lambda _topic, _lines: None)
    tenants = await connect_for_tenants(dsn, size=2)
    try:
        async with tenants.speaking_for("acme") as queries:
            trace = await find(queries, "acme", "first")
    finally:
        await tenants.close()

    assert trace is not None
    (said,) = trace.staff
    assert (said.by, said.verb, said.code, said.text) == (
        ME,
        "note",
        "source_informed",
        "Till 4 was asked",
    )
    assert any(stage.kind == "staff" and ME in stage.what for stage in trace.stages)


async def test_what_staff_write_names_nobody(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)
    await note(hub.db, first.spot, "other", "ask jane.doe@example.org", by=ME)
    await hold(hub.db, first.spot, "call +43 660 1234567 first", by=ME)

    said = await hub.db.fetch("select text from staff_action order by n")
    assert [row["text"] for row in said] == ["ask hidden", "call hidden first"]
    shown = await hub.db.fetch("select reason from trail where log = 'staff' order by n")
    assert [row["reason"] for row in shown] == ["ask hidden", "call hidden first"]
