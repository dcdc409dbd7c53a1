"""Commands and processes as an operator has them: a till is set up, pushes, is parked and is mended."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from hub.adapters.postgres import Database
from hub.dev.embedded import KafkaServer
from tests.api.bodies import a_sale
from tests.api.installed import Installed, command

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

TENANT = "acme"
ZONE = ("--option", "zone=Europe/Istanbul")


@pytest.fixture
def broker(server_root: Path, tmp_path: Path) -> Iterator[KafkaServer]:
    """A broker of this test's own, to stop, on which nothing of another test has landed."""
    with KafkaServer(server_root / f"push-kafka-{tmp_path.name}") as server:
        yield server


@pytest.fixture
async def hub(broker: KafkaServer, dsn: str, tmp_path: Path) -> AsyncIterator[Installed]:
    hub = Installed(broker.bootstrap, dsn, tmp_path)
    await hub.run("topics", "apply")
    await hub.run("tenant", "set", TENANT)
    yield hub
    await hub.stop()


def ticket(number: str, **changes: object) -> dict[str, object]:
    at = datetime.now(UTC).isoformat()
    line = {"product": {"code": "TV"}, "serials": [f"S-{number}"], "price": "10.00"}
    where = {"branch": "B1", "till": "T1", "number": number, "at": at, "currency": "TRY"}
    return {"type": "sale", **where, "lines": [line], **changes}


async def push(hub: Installed, secret: str, id_: str, *tickets: object) -> httpx.Response:
    """Push as a till vendor would, with the official library."""
    body, now = json.dumps(tickets), datetime.now(UTC)
    headers = {
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, now, body),
    }
    async with httpx.AsyncClient(timeout=30) as client:
        url = f"{hub.url}/sources/pos/{TENANT}"
        return await client.post(url, content=body, headers=headers)


async def listens(hub: Installed) -> None:
    async with asyncio.timeout(40), httpx.AsyncClient() as client:
        while True:
            with suppress(httpx.TransportError):
                await client.get(hub.url)
                return
            await asyncio.sleep(0.1)


async def until(database: Database, sql: str, wanted: int) -> None:
    found = None
    for _ in range(400):
        found = await database.fetchval(sql)
        if found == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError((sql, found))


async def refused(hub: Installed, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command(*words), env=hub.env(), stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    return said.decode()


async def test_a_till_is_set_up_pushes_is_parked_and_is_mended(
    hub: Installed, broker: KafkaServer, database: Database
) -> None:
    said = await hub.run("source", "set", TENANT, "pos", "--connector", "pos", *ZONE)
    secret = next(word for word in said.split() if word.startswith("whsec_"))
    assert "whsec_" not in await hub.run(
        "source", "set", TENANT, "pos", "--connector", "pos", *ZONE
    )
    assert "zone is missing" in await refused(
        hub, "source", "set", TENANT, "x", "--connector", "pos"
    )
    assert "pos" in await hub.run("source", "list")
    ingress = hub.start("ingress")
    hub.start("process")
    hub.start("translate", "pos")
    await listens(hub)

    answer = await push(hub, secret, "m1", ticket("1"), ticket("2", type="vente gratuite"))

    assert [one["status"] for one in answer.json()["tickets"]] == ["landed", "landed"]
    await until(database, "select count(*) from unit", 1)
    await until(database, "select count(*) from item", 1)
    place = await database.fetchrow('select topic, part, "offset" from item')
    listed = await hub.run("items", "--state", "parked")
    assert f"{place['topic']}[{place['part']}]@{place['offset']}" in listed
    assert "type_unknown" in listed
    parked = json.loads(await hub.run("items", "--json"))
    assert (parked["topic"], parked["partition"], parked["offset"]) == tuple(place)
    shown = await hub.run("items", "show", *map(str, place))
    assert "is neither a sale nor a return" in shown

    words = 'zone = "Europe/Istanbul"\nsale_words = ["sale", "vente gratuite"]\n'
    (hub.folder / "map.toml").write_text(words)
    mended = ("--connector", "pos", "--map", str(hub.folder / "map.toml"))
    await hub.run("source", "set", TENANT, "pos", *mended)
    assert "-> translated" in await hub.run("items", "rehearse", "--state", "parked")
    await hub.run("redrive", "--code", "type_unknown", "--reason", "a free sale is a sale")
    await until(database, "select count(*) from unit", 2)
    told = await hub.run("replay", "pos", "--since", "2026-01-01", "--dry-run")
    assert "the same again -> deduplicated" in told
    await hub.run("replay", "pos", "--since", "1h", "--reason", "to see that it is harmless")
    await until(database, "select count(*) from raw_replay where done_at is null", 0)
    await until(database, "select count(*) from unit", 2)

    renewed = await hub.run("source", "rotate", TENANT, "pos")
    new = next(word for word in renewed.split() if word.startswith("whsec_"))
    assert (await push(hub, secret, "m2", ticket("3"))).status_code == 202
    await _without_kafka(hub, broker, secret)
    await until(database, "select count(*) from unit", 4)
    await _stopped_while_busy(hub, ingress, new)


async def test_a_mapping_bug_parks_500_tickets_the_fix_lands_and_a_replay_makes_every_warranty_once(
    hub: Installed, database: Database
) -> None:
    said = await hub.run("source", "set", TENANT, "pos", "--connector", "pos", *ZONE)
    secret = next(word for word in said.split() if word.startswith("whsec_"))
    for process in (("ingress",), ("process",), ("translate", "pos")):
        hub.start(*process)
    await listens(hub)
    tickets = [ticket(f"{n}", type="vente gratuite") for n in range(500)]
    for n in range(0, 500, 100):
        assert (await push(hub, secret, f"m{n}", *tickets[n : n + 100])).status_code == 202
    assert (await push(hub, secret, "well", *map(ticket, ("w1", "w2")))).status_code == 202
    await until(database, "select count(*) from item where state = 'parked'", 500)
    await until(database, "select count(*) from unit", 2)
    (group,) = [
        json.loads(one) for one in (await hub.run("items", "groups", "--json")).splitlines()
    ]
    assert (group["items"], group["code"]) == (500, "type_unknown")

    words = 'zone = "Europe/Istanbul"\nsale_words = ["sale", "vente gratuite"]\n'
    (hub.folder / "map.toml").write_text(words)
    mended = ("--connector", "pos", "--map", str(hub.folder / "map.toml"))
    await hub.run("source", "set", TENANT, "pos", *mended)
    foreseen = await hub.run("replay", "pos", "--since", "1h", "--dry-run")
    assert "500 records: parked -> translated" in foreseen
    assert "500 events: new -> applied" in foreseen
    assert await database.fetchval("select count(*) from item where state = 'parked'") == 500
    # Twice: what is said again is recognised.
    for reason in ("a free sale is a sale", "did that do it?"):
        await hub.run("replay", "pos", "--since", "1h", "--reason", reason)
    await until(database, "select count(*) from raw_replay where done_at is null", 0)

    await until(database, "select count(*) from item", 0)
    await until(database, "select count(*) from unit", 502)
    await until(database, "select count(distinct serial_norm) from unit", 502)
    told = "select sum(count)::bigint from activity where outcome = 'activated'"
    hub.start("project")
    await until(database, told, 502)
    assert "holds" in await hub.run("verify", "--deep")


async def _without_kafka(hub: Installed, broker: KafkaServer, secret: str) -> None:
    broker.kill()
    away = await push(hub, secret, "m3", ticket("4"))
    broker.spawn()
    await asyncio.to_thread(broker.wait_ready)
    for _ in range(20):
        again = await push(hub, secret, "m3", ticket("4"))
        if again.status_code == 202:
            break
        await asyncio.sleep(0.5)

    assert away.status_code == 503
    assert away.headers["retry-after"] == "5"
    assert again.status_code == 202


async def _stopped_while_busy(
    hub: Installed, ingress: "subprocess.Popen[bytes]", secret: str
) -> None:
    """Whatever is under way when the process is asked to stop is answered, with 202 or not at all."""

    async def one(number: int) -> int:
        with suppress(httpx.TransportError):
            return (await push(hub, secret, f"s{number}", ticket(f"s{number}"))).status_code
        return 0

    pushing: list[asyncio.Task[Any]] = [asyncio.create_task(one(n)) for n in range(40)]
    await asyncio.sleep(0.05)
    ingress.send_signal(signal.SIGTERM)
    statuses = await asyncio.gather(*pushing)

    assert set(statuses) <= {0, 202}
    assert await asyncio.to_thread(ingress.wait, 20) == 0


async def test_doors_end_when_asked_to_though_kafka_answers_nothing(
    hub: Installed, broker: KafkaServer
) -> None:
    said = await hub.run("source", "set", TENANT, "pos", "--connector", "pos", *ZONE)
    secret = next(word for word in said.split() if word.startswith("whsec_"))
    token = await hub.run("key", "create", TENANT)
    api = Installed(hub.kafka, hub.dsn, hub.folder, processes=hub.processes)
    ingress, serve = hub.start("ingress"), api.start("serve")
    await listens(hub)
    await listens(api)
    assert (await push(hub, secret, "m1", ticket("1"))).status_code == 202

    broker.send_signal(signal.SIGSTOP)
    waiting = [
        *(asyncio.create_task(push(hub, secret, f"m{n}", ticket(f"{n}"))) for n in range(2, 6)),
        *(asyncio.create_task(activate(api, token, f"{n}")) for n in range(2, 6)),
    ]
    await asyncio.sleep(1)
    for process in (ingress, serve):
        process.send_signal(signal.SIGTERM)
    codes = [await asyncio.to_thread(process.wait, 25) for process in (ingress, serve)]
    broker.send_signal(signal.SIGCONT)
    await asyncio.gather(*waiting, return_exceptions=True)

    assert codes == [0, 0]


async def activate(hub: Installed, token: str, number: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=hub.url, timeout=30, headers=headers) as client:
        return await client.post("/v1/activations", json=a_sale(number, number))
