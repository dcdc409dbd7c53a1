"""`hub serve` as a process: killed at the worst moment, and stopped in peace."""

import asyncio
import signal
import socket
from contextlib import suppress

import httpx
import pytest

from hub.adapters.postgres import Database
from tests.api.bodies import Body, a_sale
from tests.api.conftest import TENANT, eventually
from tests.api.installed import Installed

pytestmark = pytest.mark.servers


async def post(hub: Installed, token: str, body: Body, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    async with httpx.AsyncClient(base_url=hub.url, headers=headers, timeout=30) as client:
        return await client.post("/v1/activations", json=body)


async def decided(hub: Installed, token: str, body: Body, key: str) -> httpx.Response:
    """Repeat whatever comes back until it is an answer."""
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                told = await post(hub, token, body, key)
                if told.status_code not in {202, 503} and "in-progress" not in told.text:
                    return told
            await asyncio.sleep(0.2)


async def test_killed_between_reserving_and_publishing_a_repeat_publishes(
    installed: Installed, database: Database
) -> None:
    token = await installed.run("key", "create", TENANT)
    body = a_sale("K-1", "K-1")
    # A broker that takes connections and says nothing: the row is reserved, nothing can be sent.
    mute = socket.create_server(("127.0.0.1", 0))
    nowhere = f"127.0.0.1:{mute.getsockname()[1]}"
    api = installed.start("serve", HUB_KAFKA=nowhere, HUB_ANSWER_SECONDS="4")
    await installed.answers()
    asking = asyncio.create_task(post(installed, token, body, "k1"))

    async def is_reserved() -> bool:
        return bool(await database.fetchval("select count(*) from request"))

    await eventually(is_reserved)
    api.kill()
    await asyncio.to_thread(api.wait)
    with pytest.raises(httpx.TransportError):
        await asking
    mute.close()

    installed.start("process")
    installed.start("serve", HUB_ANSWER_SECONDS="4")
    await installed.answers()
    told = await decided(installed, token, body, "k1")
    again = await post(installed, token, body, "k1")

    assert told.status_code == 201
    assert (again.status_code, again.content) == (201, told.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert await database.fetchval("select count(*) from unit") == 1


async def test_stopped_in_peace_it_finishes_the_answer_it_is_at(installed: Installed) -> None:
    token = await installed.run("key", "create", TENANT)
    api = installed.start("serve", HUB_ANSWER_SECONDS="3")
    await installed.answers()

    asking = asyncio.create_task(post(installed, token, a_sale("K-2", "K-2"), "k2"))
    await asyncio.sleep(1)
    api.send_signal(signal.SIGTERM)
    told = await asking

    assert (told.status_code, told.json()["state"]) == (202, "waiting")
    assert await asyncio.to_thread(api.wait, 20) == 0
