"""An operator erases a merchant: shown first, confirmed by its name, finished by whoever is still there."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from hub.adapters.postgres import Database, connect
from tests.api.conftest import TENANT, eventually
from tests.api.installed import Installed, command

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

MANY = 1_200
CONTACTS = """
insert into contact (tenant, ref, digest, sealed, seen_at)
select $1, 'cus_' || n, '', '\\x00', now() from generate_series(1, $2::int) n
"""
SLOW = """
create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.001); return old; end $$
"""
SLOWLY = "create trigger slowly before delete on contact for each row execute function slowly()"
LEFT = "select count(*)::int from contact where tenant = $1"
ENTRIES = "select action, by_id, why from audit_entry where action like 'tenant:eras%' order by n"
WORDS = ("tenant", "erase", TENANT, "--reason", "the contract ended", "--by", "ops")


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    pool = await connect(dsn, size=2)
    yield pool
    await pool.close()


async def typed(hub: Installed, name: str, *words: str) -> tuple[int, str]:
    """Run the command and type a name; how it ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command(*WORDS, *words),
        env=hub.env(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(f"{name}\n".encode())
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_is_shown_confirmed_and_finished_whoever_is_killed(
    installed: Installed, database: Database
) -> None:
    await installed.run("tenant", "set", "globex")
    for tenant, number in ((TENANT, MANY), ("globex", 3)):
        await database.execute(CONTACTS, tenant, number)
    key = await installed.run("key", "create", TENANT, "shop")

    shown = await installed.run(*WORDS)
    wrong = await typed(installed, "globex", "--go")
    assert str(MANY) in shown
    assert "readable until" in shown
    assert "nothing was done" in shown
    assert wrong[0] != 0
    assert "'globex' is not 'acme'" in wrong[1]
    assert await database.fetchval(LEFT, TENANT) == MANY
    assert await database.fetch(ENTRIES) == []

    for sql in (SLOW, SLOWLY):
        await database.execute(sql)
    killed = await asyncio.create_subprocess_exec(
        *command(*WORDS, "--go"),
        env=installed.env(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert killed.stdin is not None
    killed.stdin.write(f"{TENANT}\n".encode())
    await killed.stdin.drain()
    await eventually(lambda: _is_in_the_middle(database), 60)
    killed.kill()
    await killed.wait()
    assert [row["action"] for row in await database.fetch(ENTRIES)] == ["tenant:erasure_asked"]

    await database.execute("drop trigger slowly on contact")
    installed.start("retain")
    await eventually(lambda: _is_done(database), 60)
    again = await typed(installed, TENANT, "--go")

    assert await database.fetchval(LEFT, TENANT) == 0
    assert await database.fetchval(LEFT, "globex") == 3
    assert [tuple(row) for row in await database.fetch(ENTRIES)] == [
        ("tenant:erasure_asked", "ops", "the contract ended"),
        ("tenant:erased", "hub", ""),
    ]
    assert again[0] == 0
    report = json.loads(again[1][again[1].index("\n{") :])
    assert report["asked_by"] == "ops"

    installed.start("project")
    installed.start("serve")
    await installed.answers(60)
    async with httpx.AsyncClient(base_url=installed.url) as client:
        answer = await client.get("/v1/warranties", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert "was erased" in answer.json()["detail"]
    await eventually(lambda: _is_linked(database), 60)
    # It ends with 1 where the chain does not hold.
    await installed.run("audit", "verify", "--tenant", TENANT)


async def _is_in_the_middle(database: Database) -> bool:
    left: int = await database.fetchval(LEFT, TENANT)
    return 0 < left < MANY


async def _is_done(database: Database) -> bool:
    return len(await database.fetch(ENTRIES)) == 2


async def _is_linked(database: Database) -> bool:
    sql = "select bool_and(hash is not null) from audit_entry where tenant = $1"
    return bool(await database.fetchval(sql, TENANT))
