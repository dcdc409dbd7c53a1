"""What an operator types to follow a payload, and to read the audit."""

import asyncio
import json
import re

import pytest
from typer.testing import CliRunner

from hub.main import app
from tests.trail.conftest import PARTITIONS, Hub, returned, sale
from tests.trail.logs import Scribe, entry

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _told(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_POSTGRES", dsn)
    monkeypatch.setenv("COLUMNS", "400")


async def typed(*words: str) -> tuple[int, str]:
    """The exit code of a command, and all that it printed."""
    result = await asyncio.to_thread(lambda: CliRunner().invoke(app, words))
    return result.exit_code, result.output


async def test_trace_prints_a_tree_with_times(hub: Hub) -> None:
    await hub.say(sale())
    await hub.settled("evt-R-1")
    code, said = await typed("trace", "till/R-1", "--tenant", "acme")

    assert code == 0
    assert "evt-R-1 of acme" in said
    assert "sale.recorded.v1 evt-R-1 from till" in said
    assert "+0.000 s  applied on" in said
    assert "warranty.activated.v1 of wty_" in said
    assert "published" in said
    assert "shown in activity" in said


async def test_trace_prints_json_line_by_line(hub: Hub) -> None:
    await hub.say(sale(), sale(event="evt-R-1-again"))
    await hub.settled("evt-R-1-again")
    code, said = await typed("trace", "R-1", "--tenant", "acme", "--json")

    assert code == 0
    found = [json.loads(line)["correlation"] for line in said.splitlines()]
    assert found == ["evt-R-1-again", "evt-R-1"]


async def test_trace_says_what_is_still_to_come(hub: Hub) -> None:
    await hub.say(returned())
    await hub.taken(1)
    await hub.shown()

    assert "waits in its home" in (await typed("trace", "back-R-1", "--tenant", "acme"))[1]


async def test_trace_of_nothing_says_so(hub: Hub) -> None:
    code, said = await typed("trace", "R-1", "--tenant", "acme")

    assert code == 1
    assert "acme knows nothing by 'R-1'" in said


@pytest.mark.parametrize("words", [("trace", "R-1"), ("audit",)])
async def test_a_tenant_that_nobody_added_is_said_to_be_none(
    hub: Hub, words: tuple[str, ...]
) -> None:
    code, said = await typed(*words, "--tenant", "nobody")

    assert code == 2
    assert "there is no tenant 'nobody'; `hub tenant list` shows those there are" in said


async def test_tenants_are_listed(hub: Hub) -> None:
    code, said = await typed("tenant", "list")

    assert code == 0
    assert "acme" in said


async def test_audit_lists_and_searches(hub: Hub) -> None:
    bad = sale("R-2")
    bad.body["lines"][0]["quantity"] = 1001
    await hub.say(sale(), bad)
    await hub.settled("evt-R-1")
    await hub.settled("evt-R-2")

    _, everything = await typed("audit", "--tenant", "acme")
    _, found = await typed("audit", "--tenant", "acme", "--text", "1001 units", "--since", "5m")
    _, lines = await typed("audit", "--tenant", "acme", "--json", "--limit", "1")
    _, nothing = await typed("audit", "--tenant", "acme", "--until", "2026-01-01")

    assert "evt-R-1" in everything
    assert "system till" in everything
    assert "evt-R-2" in found
    assert "evt-R-1" not in found
    assert json.loads(lines.splitlines()[0])["stage"] == "decided"
    assert "--cursor " in lines
    assert "nothing fits" in nothing


@pytest.mark.parametrize("columns", ["80", None])
async def test_audit_shows_whole_what_trace_is_to_be_asked(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    name = "evt-" + "0123456789" * 5
    await hub.say(sale(event=name))
    await hub.settled(name)
    monkeypatch.delenv("COLUMNS")
    if columns:
        monkeypatch.setenv("COLUMNS", columns)

    _, listed = await typed("audit", "--tenant", "acme")

    assert name in listed
    assert "…" not in listed


async def test_audit_refuses_what_is_no_time_and_no_cursor(hub: Hub) -> None:
    code, said = await typed("audit", "--tenant", "acme", "--since", "yesterday")
    assert code == 2
    assert "no time" in said
    assert "15m" in said
    code, said = await typed("audit", "--tenant", "acme", "--cursor", "x")
    assert (code, "begin without one" in said) == (2, True)


async def test_trail_rebuild_makes_it_again(hub: Hub) -> None:
    await hub.say(sale())
    await hub.settled("evt-R-1")
    code, said = await typed("trail", "rebuild")

    assert code == 0
    assert "lines anew" in said
    await hub.shown()
    assert (await hub.settled("evt-R-1")).correlation == "evt-R-1"


async def test_trace_says_in_one_line_how_late_the_trail_is(idle: Hub) -> None:
    scribe = Scribe(idle.database)
    await idle.work()
    async with idle.followed():
        await idle.say(sale())
        await idle.settled("evt-R-1")
    for part in range(PARTITIONS):
        await scribe.decide([entry(f"other-{part}")], idle.processor.reads.name, part)
    await idle.database.execute("update ledger set at = now() - interval '4.2 s'")
    _, said = await typed("trace", "evt-R-1", "--tenant", "acme")

    late = [line for line in said.splitlines() if "behind" in line or "complete" in line]
    assert len(late) == 1
    assert re.search(r"the trail is [45]\.\d s behind; something newer may be missing", late[0])
