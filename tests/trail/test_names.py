"""A trace is found by whatever somebody knows the payload by, and by nobody else's tenant."""

import pytest

from hub.trail.trace import find, search
from hub.trail.way import Trace
from schemas.refs import home_of
from tests.trail.conftest import OTHER, TENANT, Hub, only, sale

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


async def test_an_order_of_which_nothing_was_accepted_is_found_by_its_whole_name(hub: Hub) -> None:
    told = sale("a/b")
    told.body["lines"][0]["quantity"] = 1001
    await hub.say(told)
    await hub.settled(told.id)

    assert await found(hub, "till/a/b") == [told.id]


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
