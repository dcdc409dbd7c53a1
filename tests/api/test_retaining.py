"""What a merchant publishes as its retention is what goes, from its day on and by kind, whoever is killed."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.adapters.postgres import Database, connect
from tests.api.conftest import TENANT, eventually
from tests.api.installed import Installed

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

OLD, YOUNG = 400, 100
MANY = 1_200
SOON = timedelta(seconds=30)
AGED = """
insert into contact (tenant, ref, digest, sealed, seen_at)
select $1, 'cus_' || ($2::int) || '_' || n, '', '', now() - make_interval(days => $2) from generate_series(1, $3) n
"""
LEFT = """
select split_part(ref, '_', 2)::int as age, count(*)::int as n from contact where tenant = $1 group by 1 order by 1
"""
# As if each took a moment, so that somebody can be killed in the middle.
SLOW = """
create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.001); return old; end $$
"""
SLOWLY = "create trigger slowly before delete on contact for each row execute function slowly()"
RUNS = """
select version, (removed ->> 'contact')::int as gone, ended_at is not null as is_over from retention_run order by n
"""
ENTRIES = """
select subject, doc from audit_entry where tenant = $1 and action = 'retention:applied' order by n
"""


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    pool = await connect(dsn, size=2)
    yield pool
    await pool.close()


async def publish(hub: Installed, document: Any, *more: str) -> str:
    file = hub.folder / "retention.json"
    file.write_text(json.dumps(document))
    words = ("policy", "publish", TENANT, "retention", str(file), "--reason", "our lawyer says so")
    return await hub.run(*words, *more)


def shortly(after: timedelta) -> str:
    return f"{datetime.now(UTC) + after:%Y-%m-%dT%H:%M:%S}"


async def runs(database: Database) -> list[tuple[int | None, int, bool]]:
    return [tuple(row) for row in await database.fetch(RUNS)]


async def left(database: Database) -> dict[int, int]:
    return {row["age"]: row["n"] for row in await database.fetch(LEFT, TENANT)}


async def a_round(hub: Installed) -> None:
    """Let `hub retain` look once, and end it."""
    process = hub.start("retain", HUB_HTTP_PORT=str(hub.port))
    await eventually(lambda: _has_looked(hub))
    process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(process.wait, 20)


async def _has_looked(hub: Installed) -> bool:
    """It says how much is overdue at the end of a round alone."""
    with suppress(httpx.TransportError):
        async with httpx.AsyncClient(base_url=hub.url) as client:
            return "hub_retention_overdue_seconds{" in (await client.get("/metrics")).text
    return False


async def test_what_is_published_is_what_goes_and_a_kill_changes_nothing(
    installed: Installed, database: Database
) -> None:
    installed.start("process", "catalog")
    for age, number in ((OLD, MANY), (YOUNG, 3)):
        await database.execute(AGED, TENANT, age, number)
    await publish(installed, {"contacts": 365}, "--effective-from", shortly(timedelta(days=1)))
    await a_round(installed)
    assert await left(database) == {YOUNG: 3, OLD: MANY}
    assert await runs(database) == []

    await publish(installed, {"contacts": 365}, "--effective-from", shortly(SOON))
    await asyncio.sleep(SOON.total_seconds())
    for sql in (SLOW, SLOWLY):
        await database.execute(sql)
    killed = installed.start("retain")
    await eventually(lambda: _is_in_the_middle(database))
    killed.kill()
    await asyncio.to_thread(killed.wait, 20)
    ((version, gone, is_over),) = await runs(database)
    assert (version, is_over) == (2, False)
    assert 0 < gone < MANY
    assert await left(database) == {YOUNG: 3, OLD: MANY - gone}

    await database.execute("drop trigger slowly on contact")
    await database.execute("update lease set held_until = '-infinity'")
    await a_round(installed)
    assert await left(database) == {YOUNG: 3}
    assert await runs(database) == [(2, MANY, True)]

    await a_round(installed)
    assert await runs(database) == [(2, MANY, True)]
    (entry,) = await database.fetch(ENTRIES, TENANT)
    said = json.loads(entry["doc"])
    assert (said["policy"], said["version"], said["removed"]) == ("retention", 2, {"contact": MANY})
    shown = await installed.run("privacy", "retention", TENANT)
    assert "version 2" in shown
    assert "365" in shown


async def _is_in_the_middle(database: Database) -> bool:
    return await runs(database) != []
