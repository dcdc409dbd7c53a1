"""A trace is found by whatever somebody knows the payload by, and by nobody else's tenant."""

import json

import pytest

from hub.ledger.submit import Submission, Submitter
from hub.trail.rebuild import rebuild
from hub.trail.trace import find, search
from hub.trail.way import Trace
from schemas.envelope import Envelope, source_of
from schemas.refs import home_of
from tests.trail.conftest import NOON, OTHER, PARTITIONS, TENANT, Hub, only, outcomes, sale

pytestmark = pytest.mark.servers


async def found(hub: Hub, text: str, tenant: str = TENANT) -> list[str]:
    async with hub.api.speaking_for(tenant) as queries:
        return [trace.correlation for trace in await search(queries, tenant, text)]


def warranty(trace: Trace) -> str:
    subject: str = only(only(only(trace.events).decisions).said).subject
    return subject


async def test_is_found_by_every_name_it_has(hub: Hub) -> None:
    await hub.say(sale("R-1", serial=" Sn 0042 "), sale("R-2", serial="SN-43"))
    trace = await hub.settled("evt-R-1")

    for name in (
        "evt-R-1",
        warranty(trace),
        home_of(warranty(trace)),
        "R-1",
        "till/R-1",
        "sn0042",
        "SN 0042",
        " SN0042 ",
    ):
        assert await found(hub, name) == ["evt-R-1"], name
    assert await found(hub, "SN0043") == []
    assert await found(hub, "web/R-1") == []


async def test_all_that_was_said_of_an_order_is_found_newest_first(hub: Hub) -> None:
    for event in ("first", "second", "third"):
        await hub.say(sale(event=event))
        await hub.settled(event)

    assert await found(hub, "R-1") == ["third", "second", "first"]
    newest, alone = await hub.trace("R-1"), await hub.trace("second")
    assert newest is not None
    assert alone is not None
    assert newest.correlation == "third"
    assert [one.correlation for one in newest.others] == ["second", "first"]
    assert newest.others[0].began_at == alone.began_at
    assert newest.others[0].began_at > newest.others[1].began_at
    assert alone.others == ()


async def test_an_order_of_which_nothing_was_accepted_is_found_by_its_whole_name(hub: Hub) -> None:
    told = sale("a/b")
    told.body["lines"][0]["quantity"] = 1001
    await hub.say(told)
    await hub.settled(told.id)

    assert await found(hub, "till/a/b") == [told.id]
    assert await found(hub, "a/b") == [told.id]


async def test_a_sale_that_was_refused_is_found_by_its_order_and_by_its_serial(hub: Hub) -> None:
    """R-2 sells again what R-1 has sold: the clerk who looks for R-2 is told why it was refused."""
    await hub.say(sale("R-1", serial="SN-1"))
    await hub.settled("evt-R-1")
    await hub.say(sale("R-2", serial=" sn 1X"), sale("R-3", serial="Sn-1"))
    await hub.settled("evt-R-2")
    refused = await hub.settled("evt-R-3")

    assert outcomes(refused, "evt-R-3") == ["rejected"]
    for name in ("R-3", "till/R-3", "evt-R-3"):
        assert await found(hub, name) == ["evt-R-3"], name
    assert await found(hub, "sn-1") == ["evt-R-3", "evt-R-1"]
    assert await found(hub, "R-3", OTHER) == []


async def test_an_asked_one_that_was_refused_is_found_by_all_its_names(hub: Hub) -> None:
    told = sale("R-9", serial="SN-9")
    told.body["lines"][0]["quantity"] = 1001
    envelope = Envelope(
        id="api-9",
        source=source_of(TENANT, "shop"),
        type=told.type,
        time=NOON,
        tenant=TENANT,
        partitionkey=told.home,
    )
    one = Submission("api/shop/activations", envelope, told.home, json.dumps(told.body).encode())
    submitter = Submitter(hub.database, hub.outlet, hub.processor.reads, PARTITIONS)
    (answer,) = await submitter.answers(await submitter.send([one]), within=30)
    trace = await hub.settled(one.request)

    assert answer.outcome == "rejected"
    for name in (one.request, "R-9", "SN-9", "api-9"):
        assert await found(hub, name) == [trace.correlation], name


async def test_what_is_set_aside_is_found_by_its_order_and_serial(hub: Hub) -> None:
    dead = sale("R-1", serial="SN-1", tenant="newcomer")
    broken = sale("R-2", serial="SN-2", zone=7)
    shapeless = sale("R-3", lines={"serials": "SN-3"})
    await hub.say(dead, broken, shapeless)
    await hub.taken(3)
    await hub.shown()

    assert await found(hub, "R-1", "newcomer") == ["evt-R-1"]
    assert await found(hub, "SN-1", "newcomer") == ["evt-R-1"]
    assert await found(hub, "R-1") == []
    assert await found(hub, "R-2") == ["evt-R-2"]
    assert await found(hub, "sn-2") == ["evt-R-2"]
    assert await found(hub, "R-3") == ["evt-R-3"]
    assert await found(hub, "SN-3") == []


async def test_a_rebuilt_trail_finds_a_refused_sale_too(hub: Hub) -> None:
    told = sale("R-4", serial="SN-4")
    told.body["lines"][0]["quantity"] = 1001
    await hub.say(told)
    await hub.settled(told.id)
    await rebuild(hub.database, lambda _topic, _lines: None)
    await hub.shown()

    assert await found(hub, "R-4") == [told.id]
    assert await hub.database.fetchval("select count(*) from trail_name") == 2


async def test_one_tenant_does_not_see_the_other(hub: Hub) -> None:
    await hub.say(sale("R-1", serial="SN-1"))
    trace = await hub.settled("evt-R-1")

    for name in ("evt-R-1", warranty(trace), "R-1", "till/R-1", "SN-1"):
        assert await found(hub, name, OTHER) == []
        # Even one that asks in the other's name: the session's tenant is what counts.
        async with hub.api.speaking_for(OTHER) as queries:
            assert await find(queries, TENANT, name) is None


async def test_a_session_that_speaks_for_nobody_sees_nothing(hub: Hub) -> None:
    await hub.say(sale())
    await hub.settled("evt-R-1")

    assert await hub.api.fetch("select * from trail") == []


async def test_two_tenants_may_use_the_same_names(hub: Hub) -> None:
    await hub.say(sale(), sale(tenant=OTHER))
    ours = await hub.settled("evt-R-1")
    theirs = await hub.settled("evt-R-1", OTHER)

    assert (ours.tenant, theirs.tenant) == (TENANT, OTHER)
    assert warranty(ours) != warranty(theirs)
