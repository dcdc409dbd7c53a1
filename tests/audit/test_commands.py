"""The audit from the command line: verified after edits by hand, sampled, reviewed."""

import asyncio
import json
import random

import pytest
from typer.testing import CliRunner, Result

from hub.audit.heads import stored
from hub.audit.verifying import verify
from hub.dev.prove.audit import COLUMNS, found, rows, tamperings
from hub.main import app
from tests.audit.conftest import MASTER, TENANT, Log
from tests.audit.test_samples import decided
from tests.audit.test_verify import TAMPERED

pytestmark = pytest.mark.servers


@pytest.fixture
def hub(log: Log, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setenv("HUB_POSTGRES", log.dsn)
    monkeypatch.setenv("HUB_MASTER_KEY", MASTER.decode())
    monkeypatch.setenv("HUB_BY", "ann")
    return log


async def told(*words: str) -> Result:
    """In a thread of its own, for a command brings its own loop."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["audit", *words])


async def test_verify_says_where_each_edit_by_hand_was_made(hub: Log) -> None:
    await hub.add(40)
    await hub.link(head_rows=10)
    whole = await told("verify", "--without-kafka")
    assert (whole.exit_code, "acme: holds (rows 1 to 40, 4 heads" in whole.output) == (0, True)

    ways = {kind: (tamper, seq) for tamper, kind, seq in TAMPERED}
    tamper, seq = ways["changed"]
    async with hub.by_hand() as act:
        await tamper(act)
    broken = await told("verify", "--tenant", TENANT, "--without-kafka")
    as_json = await told("verify", "--tenant", TENANT, "--without-kafka", "--json")

    assert broken.exit_code == as_json.exit_code == 1
    assert f"acme: changed at row {seq}" in broken.output
    assert "what to do: keep the database as it is" in broken.output
    assert json.loads(as_json.output)["found"]["seq"] == seq
    kept = await hub.database.fetch(
        "select by, doc from audit_check where tenant = 'acme' order by n"
    )
    assert [json.loads(row["doc"])["holds"] for row in kept] == [True, False, False]
    assert {row["by"] for row in kept} == {"ann"}


async def test_everything_of_a_subject_is_shown_with_its_place(hub: Log) -> None:
    await hub.add(3)
    await hub.link()

    shown = await told("subject", "s-1", "--tenant", TENANT, "--json")
    nothing = await told("subject", "s-9", "--tenant", TENANT)

    (entry,) = [json.loads(line) for line in shown.output.splitlines()]
    assert (entry["seq"], entry["actor"]["name"], entry["why"]) == (2, "usr_ann", "çünkü")
    assert nothing.exit_code == 1


async def test_a_sample_is_drawn_listed_and_reviewed(hub: Log) -> None:
    await decided(hub, [1, 2, 3])

    drawn = await told("sample", TENANT, "2026-10", "--size", "2", "--seed", "s", "--json")
    again = await told("sample", TENANT, "2026-10", "--size", "2", "--seed", "s", "--json")
    name = json.loads(drawn.output)["sample"]["id"]
    answers = [f"--finding={check}=ok" for check in ("evidence", "decision", "who")]
    wrong = await told("review", TENANT, name, "1", *answers, "--finding=wording=bad")
    kept = await told(
        "review", TENANT, name, "1", *answers, "--finding=wording=wrong: no letter was sent"
    )
    shown = await told("sample", TENANT, "2026-10", "--size", "2", "--seed", "s")
    listed = await told("samples", "--tenant", TENANT, "--open", "--json")

    assert drawn.output == again.output
    assert (wrong.exit_code, "is no finding" in wrong.output) == (2, True)
    assert (kept.exit_code, kept.output) == (0, "kept\n")
    assert "wording wrong: no letter was sent" in shown.output
    assert (json.loads(listed.output)["reviewed"], json.loads(listed.output)["objected"]) == (1, 1)


async def test_the_proof_finds_five_of_five_in_a_shorter_log(log: Log) -> None:
    await log.database.copy("audit_entry", COLUMNS, rows(4_000, 0))
    await log.link()
    heads = (await verify(log.engine, TENANT, log.trusted)).heads
    kafka = [stored(row) for row in await log.database.fetch("select * from audit_head")]

    for one in tamperings(4_000, random.Random(5)):  # noqa: S311 - repeatable places
        assert (await found(log.database, one, log.trusted, kafka))[0], one.kind
    assert heads == 4
    assert (await verify(log.engine, TENANT, log.trusted)).holds
