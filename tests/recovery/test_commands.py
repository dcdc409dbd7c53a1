"""The commands of an operator, as they are typed."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from hub.adapters.postgres import Database
from hub.main import app
from hub.recovery.items import list_items
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _told(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_POSTGRES", dsn)
    monkeypatch.setenv("HUB_PARTITIONS", "7")


async def typed(*words: str) -> tuple[int, str]:
    """The exit code of a command, and all that it printed."""
    result = await asyncio.to_thread(lambda: CliRunner().invoke(app, words))
    return result.exit_code, result.output


async def test_items_prints_the_traceback_when_asked(hub: Hub, world: World) -> None:
    world.broken["code"] = ValueError("cannot count this")
    await hub.start()
    await hub.told_all(count("first", needs="code"), count("second"))

    (_, plain), (_, full) = await typed("items"), await typed("items", "--error")

    assert "Traceback" not in plain
    assert "Traceback (most recent call last)" in full
    assert "ValueError: cannot count this" in full
    assert f"{hub.processor.reads.name}[" in full


async def test_items_and_verify_read_well_at_80_columns_piped_and_as_json(
    hub: Hub, world: World, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.broken["code"] = ValueError("cannot count this")
    await hub.start()
    await hub.told_all(count("first", needs="code"))
    (first,) = await list_items(hub.db)
    whole = (str(first.spot), first.event_id, first.type)
    monkeypatch.setenv("HUB_KAFKA", kafka)

    monkeypatch.delenv("COLUMNS", raising=False)
    _, piped = await typed("items")
    _, listed = await typed("items", "--json")
    monkeypatch.setenv("COLUMNS", "80")
    _, narrow = await typed("items")
    _, checked = await typed("verify")
    _, only = await typed("verify", "--json")

    for said in (piped, narrow):
        assert all(word in said for word in whole)
        assert "…" not in said
    assert any(all(word in line for word in whole) for line in piped.splitlines())
    assert all(len(line) <= 80 for line in narrow.splitlines() if "reason" not in line)
    told = json.loads(listed)
    assert (told["topic"], told["partition"], told["offset"]) == first.spot
    assert (told["state"], told["event_id"]) == ("dead_lettered", "first")
    assert "partition" in checked
    assert "unaccounted" in checked
    assert "…" not in checked
    assert only.startswith("{")
    assert json.loads(only) == json.loads(checked.splitlines()[-1])


OWNER = """
insert into partition_owner
  (topic, part, epoch, first_offset, next_offset, seq, published_seq, partition_count, code_version)
values ('warranty.intake.v1', 1, 1, 0, 0, 0, 0, 2, 1)
"""


async def test_rebuild_has_the_partitions_that_the_ledger_has(database: Database) -> None:
    await database.execute(OWNER)

    assert (await typed("rebuild", "activity"))[0] == 0

    parts = "select count(*) from projection_progress where projection = 'activity'"
    assert await database.fetchval(parts) == 2


async def test_rebuild_of_a_ledger_that_has_not_begun_says_so(database: Database) -> None:
    assert await database.fetchval("select count(*) from partition_owner") == 0

    code, said = await typed("rebuild", "activity")

    assert code == 2
    assert "has not begun" in said
