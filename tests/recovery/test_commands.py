"""The commands of an operator, as they are typed."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import bootstrap
from hub.access.sources import SourceStore
from hub.adapters.postgres import Database
from hub.main import app
from hub.recovery.items import list_items
from hub.recovery.today import Today
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count
from tests.recovery.stories import broken_key

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _told(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_POSTGRES", dsn)
    monkeypatch.setenv("HUB_PARTITIONS", "7")
    monkeypatch.setenv("HUB_MASTER_KEY", "k" * 32)


async def typed(*words: str) -> tuple[int, str]:
    """The exit code of a command, and all that it printed."""
    result = await asyncio.to_thread(lambda: CliRunner().invoke(app, words))
    return result.exit_code, result.output


async def test_show_tells_everything_of_an_item_and_opens_it_only_for_a_reason(
    hub: Hub, world: World
) -> None:
    first, _ = await broken_key(hub, world)
    place = [str(part) for part in first.spot]

    _, shown = await typed("items", "show", *place)
    _, opened = await typed("items", "show", *place, "--payload", "a customer asks", "--by", "ada")

    assert "Traceback (most recent call last)" in shown
    assert "ValueError: cannot count this" in shown
    assert "holds back 1" in shown
    assert '"needs":"code"' not in shown
    assert '"needs":"code"' in opened
    looked = "select by || ': ' || text from staff_action where verb = 'look'"
    assert await hub.db.fetchval(looked) == "ada: a customer asks"


async def test_an_item_is_noted_held_edited_rehearsed_and_retried(
    hub: Hub, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await broken_key(hub, world)
    place = [str(part) for part in first.spot]
    body = tmp_path / "mended.json"
    body.write_text('{"key": "a", "by": 5}')
    monkeypatch.setattr(bootstrap, "today", lambda _settings: _today(hub))

    async def said(*words: str) -> str:
        code, output = await typed(*words)
        assert code == 0, output
        return output

    await said("items", "note", *place, "Till 4 was asked", "--code", "source_informed")
    assert "Till 4 was asked" in await said("notes", "--text", "till")
    await said("items", "hold", *place, "--reason", "wait for the till")
    assert "on hold" in await said("items", "--on-hold")
    assert "dead_lettered" in await said("items", "rehearse", *place)
    changed = await said("items", "edit", *place, "--file", str(body), "--reason", "mend")
    assert "needs" in changed
    told = await said("items", "rehearse", *place)
    assert "would be applied" in told
    assert "then" in told
    assert "-> applied" in await said("items", "rehearse", "--state", "dead_lettered")
    assert "1" in await said("items", "groups", "--reason", "cannot")

    await said("items", "retry", *place, "--reason", "mended")

    await hub.until("select count(*) = 0 from item", "nothing is open")
    assert await hub.applied() == ["first", "second"]


SLOW_EDITOR = """
import asyncio, os, pathlib, sys, asyncpg

async def meanwhile():
    other = await asyncpg.connect(os.environ["HUB_POSTGRES"])
    await other.execute("update item set version = version + 1")
    await other.close()

asyncio.run(meanwhile())
file = pathlib.Path(sys.argv[1])
file.write_text('{"key": "a", "by": 5}')
os.utime(file, (2e9, 2e9))
"""


async def test_an_edit_takes_back_nothing_that_happened_while_the_editor_was_open(
    hub: Hub, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await broken_key(hub, world)
    editor = tmp_path / "editor.py"
    editor.write_text(SLOW_EDITOR)
    monkeypatch.setenv("VISUAL", f"{sys.executable} {editor}")
    monkeypatch.setattr(bootstrap, "today", lambda _settings: _today(hub))

    code, said = await typed("items", "edit", *map(str, first.spot), "--reason", "mend")

    assert (code, "changed meanwhile" in said) == (2, True), said
    assert await hub.db.fetchval("select count(*) from item where original is not null") == 0


def _today(hub: Hub) -> Today:
    return Today(
        hub.keyring, {hub.processor.reads.name: hub.processor}, SourceStore({}, hub.keyring)
    )


async def test_a_bulk_is_begun_watched_and_listed(hub: Hub, world: World) -> None:
    await broken_key(hub, world)
    world.broken.clear()

    code, said = await typed(
        *("redrive", "--state", "dead_lettered", "--rate", "100", "--reason", "mended", "--watch")
    )

    assert code == 0, said
    assert "1 settled, 0 open again" in said
    _, listed = await typed("redrives")
    assert "over" in listed
    code, said = await typed("redrive", "--reason", "everything")
    assert code == 2
    assert "needs a filter" in said


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
