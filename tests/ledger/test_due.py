"""Which items are found due: those that can be tried, and no row is read that is not."""

import re

import pytest

from hub.adapters.postgres import BY_INDEX, connect
from hub.ledger.breakers import Breakers, Dependency
from hub.ledger.due import ITEMS, due_items
from tests.ledger.driver import Hub

pytestmark = pytest.mark.servers

STOCK = Dependency("acme", "stock")
PUT = """
insert into item (topic, part, "offset", home, state, tenant, event_id, type, attempt, reason, sealed, received_at,
                  due_at, dependency, wanted)
select 'w', 0, n, $2, $3, 'acme', 'e' || n, 't', 1, 'away', '', now(), $4::timestamptz, $5, $6
  from unnest($1::bigint[]) n
"""
AWAY = "insert into dependency (tenant, name, open_since, probe_at) values ('acme', 'stock', now(), now())"


async def put(  # noqa: PLR0913 - a row has as many parts
    hub: Hub,
    *offsets: int,
    home: str | None,
    state: str = "retrying",
    due: bool = False,
    dependency: str | None = None,
    wanted: str | None = None,
) -> None:
    at = await hub.db.fetchval("select case when $1 then now() - interval '1 s' end", due)
    await hub.db.execute(PUT, offsets, home, state, at, dependency, wanted)


async def found(hub: Hub, limit: int, *probes: Dependency) -> list[int]:
    items = await due_items(hub.db, "w", 0, [], limit, probes)
    return [item.row.offset for item in items]


async def test_what_stands_behind_another_takes_no_place_of_what_can_be_tried(hub: Hub) -> None:
    await put(hub, 1, home="h", state="dead_lettered")
    await put(hub, 2, 3, 4, home="h", due=True)
    await put(hub, 8, home="g", due=True)
    await put(hub, 9, home=None, due=True)

    assert await found(hub, 2) == [8, 9]


async def test_what_tries_whether_something_is_back_stands_behind_nothing(hub: Hub) -> None:
    await hub.db.execute(AWAY)
    await put(hub, 1, home="h", state="dead_lettered")
    await put(hub, 2, home="h", dependency="stock")

    assert await found(hub, 10, STOCK) == []
    assert await Breakers(hub.db).probes("w", 0) == []
    await put(hub, 3, home="g", dependency="stock")
    assert await found(hub, 10, STOCK) == [3]
    assert await Breakers(hub.db).probes("w", 0) == [STOCK]


@pytest.mark.parametrize("kind", ["due", "wanted", "waiting", "back"])
async def test_no_more_is_read_than_is_taken(hub: Hub, kind: str) -> None:
    every, half = range(3_000), range(0, 3_000, 2)
    match kind:
        case "due":
            await put(hub, *every, home=None, due=True)
        case "wanted":
            await put(hub, *every, home=None, state="dead_lettered", wanted="redrive")
        case _:
            await put(hub, *half, home=None, dependency="stock", due=True)
            await put(hub, *(n + 1 for n in half), home=None, dependency="stock")
    await hub.db.execute(AWAY)
    if kind == "back":
        await hub.db.execute("update dependency set open_since = null")
    engine = await connect(hub.dsn, size=1, settings=BY_INDEX)
    probes = [["acme"], ["stock"]] if kind == "waiting" else [[], []]
    plan = await engine.fetch("explain analyze " + ITEMS, "w", 0, [], 20, *probes)
    await engine.close()

    said = " ".join(row[0] for row in plan)
    read = [float(n) for n in re.findall(r"actual time=\S+ rows=([\d.]+)", said)]
    passed = [int(n) for n in re.findall(r"Removed by Filter: (\d+)", said)]
    assert max([*read, *passed]) <= 40, said
