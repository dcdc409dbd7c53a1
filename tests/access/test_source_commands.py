"""Setting a source up, as it is typed: what is not ready yet is said, with what to do."""

import asyncio
import json
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path

import pytest

from hub.adapters.postgres import Database
from hub.dev.embedded import KafkaServer
from tests.api.installed import Installed, command

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

SET = ("source", "set", "acme", "pos", "--connector", "pos", "--option", "zone=Europe/Istanbul")


@pytest.fixture
def broker(server_root: Path) -> Iterator[KafkaServer]:
    """A broker of this test's own, without a topic."""
    with KafkaServer(server_root / "source-kafka") as server:
        yield server


async def typed(hub: Installed, *words: str) -> tuple[int | None, str]:
    """The exit code of a command, and what it warned of."""
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        env=hub.env(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def listed(hub: Installed, *words: str) -> str:
    """What `hub source list` prints."""
    return await hub.run("source", "list", *words)


async def test_says_who_is_silent_and_for_how_long_each_may_be(
    kafka: str, dsn: str, database: Database, tmp_path: Path
) -> None:
    hub = Installed(kafka, dsn, tmp_path)
    await database.execute("insert into tenant values ('acme', 24, 14)")

    refused, why = await typed(hub, *SET, "--quiet-after", "soon")
    await typed(hub, *SET, "--quiet-after", "2h")
    nobody = await listed(hub, "--silent")
    await database.execute("update source set changed_at = now() - interval '3 hours'")
    after = await listed(hub, "--silent")
    await typed(hub, *SET, "--quiet-after", "never")

    assert refused == 2
    assert "90m, 2h, 1d" in why
    assert "no source is silent" in nobody
    assert "silent for 3h" in after
    assert "no source is silent" in await listed(hub, "--silent")
    assert "never" in await listed(hub)


async def test_warns_while_what_it_sends_cannot_land(
    broker: KafkaServer, dsn: str, database: Database, tmp_path: Path
) -> None:
    hub = Installed(broker.bootstrap, dsn, tmp_path)
    await database.execute("insert into tenant values ('acme', 24, 14)")

    code, before = await typed(hub, *SET)
    await hub.run("topics", "apply")
    _, after = await typed(hub, *SET)
    broker.kill()
    _, away = await typed(hub, *SET)

    assert code == 0
    assert "no topic raw.pos.v1 yet" in before
    assert "run `hub topics apply`, then restart `hub ingress`" in before
    assert after == ""
    assert "Kafka does not answer" in away
    assert await database.fetchval("select count(*) from source") == 1


async def test_a_token_is_piped_in_and_never_shown(
    kafka: str, dsn: str, database: Database, tmp_path: Path
) -> None:
    hub = Installed(kafka, dsn, tmp_path)
    await database.execute("insert into tenant values ('acme', 24, 14)")
    shop = ("--connector", "shopify", "--option", "shop=acme.myshopify.com")
    await hub.run("source", "set", "acme", "webshop", *shop)

    process = await asyncio.create_subprocess_exec(
        *command("source", "token", "acme", "webshop"),
        env=hub.env(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(b"shpat_of_nobody\n")
    refused, why = await typed(hub, "source", "token", "acme", "nowhere")

    assert process.returncode == 0, said.decode()
    assert "asks with it from now on" in said.decode()
    assert "shpat" not in said.decode() + await listed(hub)
    assert await database.fetchval("select count(*) from source where token is not null") == 1
    assert refused == 2
    assert "hub source list" in why


async def test_the_audit_says_who_set_what_up_and_why_and_no_secret(
    kafka: str, dsn: str, database: Database, tmp_path: Path
) -> None:
    hub = Installed(kafka, dsn, tmp_path)
    asked = ("--by", "ann", "--reason", "A new shop")
    shop = ("--connector", "shopify", "--option", "shop=acme.myshopify.com")

    await hub.run("tenant", "set", "acme", "--coverage-months", "36", "--product-each", *asked)
    await hub.run(*SET, "--quiet-after", "2h", *asked)
    secret = await hub.run("source", "rotate", "acme", "pos", *asked)
    await hub.run("source", "set", "acme", "webshop", *shop)
    refused, _ = await typed(hub, "source", "rotate", "acme", "nowhere", *asked)
    process = await asyncio.create_subprocess_exec(
        *command("source", "token", "acme", "webshop", *asked),
        env=hub.env(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await process.communicate(b"shpat_of_nobody\n")
    told = await database.fetch(
        "select action, subject, by_kind, by_id, why, doc::text from audit_entry order by n"
    )

    who = ("operator", "ann", "A new shop")
    assert [tuple(row)[:5] for row in told if row["subject"] != "webshop"] == [
        ("tenant:set", "acme", *who),
        ("source:set", "pos", *who),
        ("source_secret:rotated", "pos", *who),
    ]
    of_shop = [row for row in told if row["subject"] == "webshop"]
    assert [row["action"] for row in of_shop] == ["source:set", "source_token:given"]
    assert of_shop[0]["by_id"] == getuser()
    assert json.loads(told[0]["doc"]) == {
        "coverage_months": 36,
        "patience_days": 14,
        "product_each": True,
    }
    assert json.loads(told[1]["doc"]) == {
        "connector": "pos",
        "settings": ["zone"],
        "quiet_after": 7200,
    }
    assert refused == 2
    everything = " ".join(row["doc"] for row in told)
    assert "whsec" in secret
    assert not any(word in everything for word in ("whsec", "shpat", "Istanbul", "myshopify"))
