"""Who is told in a run: each message is written down before it is answered, and each endpoint hears its share."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from hub.delivery.secrets import Secret
from hub.delivery.signing import signed
from hub.dev.checker.webhook_log import Heard, read_webhooks, write_endpoints, write_moments
from hub.dev.crash.plan import LEAST_KILLS, Plan
from hub.dev.crash.torment import split
from hub.dev.crash.webhooks.audience import BRANCHES, MOST_TOLD, branches
from hub.dev.crash.webhooks.receiver import (
    Listener,
    Receiver,
    open_record,
    read_listeners,
    write_listeners,
)

BODY = b'{"id": "evt_1", "sequence": "7", "subject": "wty_1"}'


@asynccontextmanager
async def listening(folder: Path, *listeners: Listener, takes: float = 0) -> AsyncIterator[str]:
    write_listeners(folder, listeners)
    record, chance = open_record(folder), random.Random(1)  # noqa: S311 - a test
    receiver = Receiver(read_listeners(folder), record, chance, takes)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        os.close(record)


async def post(url: str, secret: Secret, body: bytes = BODY) -> int:
    headers = signed("evt_1", int(time.time()), BODY, (secret,))
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(url, content=body, headers=headers)).status_code


def heard(folder: Path) -> list[Heard]:
    write_endpoints(folder, ())
    write_moments(folder, ())
    return list(read_webhooks(folder).heard)


async def test_writes_down_what_it_took_and_whether_it_verifies(tmp_path: Path) -> None:
    secret = Secret.new()
    async with listening(tmp_path, Listener("full", secret.shown)) as url:
        assert await post(f"{url}/full", secret) == 200
        assert await post(f"{url}/full", Secret.new()) == 200
        assert await post(f"{url}/full", secret, b"{}") == 200
        assert await post(f"{url}/nobody", secret) == 404

    took = heard(tmp_path)
    assert [(one.name, one.id, one.verifies) for one in took] == [
        ("full", "evt_1", True),
        ("full", "evt_1", False),
        ("full", "evt_1", False),
    ]
    assert took[0].body.encode() == BODY
    assert all(one.was_taken for one in took)


async def test_what_is_not_answered_yet_stands_in_the_record(tmp_path: Path) -> None:
    secret = Secret.new()
    async with listening(tmp_path, Listener("full", secret.shown), takes=60) as url:
        asking = asyncio.create_task(post(f"{url}/full", secret))
        async with asyncio.timeout(5):
            while not heard(tmp_path):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)
        assert not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_the_flaky_one_says_503_now_and_then_and_writes_that_down(tmp_path: Path) -> None:
    secret = Secret.new()
    async with listening(tmp_path, Listener("flaky", secret.shown, fails=0.2)) as url:
        said = [await post(f"{url}/flaky", secret) for _ in range(100)]

    assert [one.answered for one in heard(tmp_path)] == said
    assert 5 < said.count(503) < 40


def test_the_more_is_sent_the_fewer_branches_are_told_of() -> None:
    assert branches(MOST_TOLD) == []
    assert len(branches(5 * MOST_TOLD)) == BRANCHES // 5
    # Claims are filed there.
    assert branches(10_000) == ["Branch 1"]


def test_whoever_delivers_is_killed_like_the_others() -> None:
    assert Plan().webhooks
    assert not Plan(kinds=("process", "deliver")).webhooks
    for kills in (14, 30, 50):
        plan = Plan(kills=kills)
        assert min(split(kills, list(plan.kinds)).values()) >= plan.least_kills
    assert Plan().least_kills == LEAST_KILLS
