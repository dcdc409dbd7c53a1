"""A translator that is killed or frozen at the worst moment: what comes out at the end is exact."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from schemas.topics import Topic
from tests.intake.conftest import Installation
from tests.intake.corner import (
    Shop,
    a_translator,
    accounted,
    at_work,
    events,
    land,
)

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def a_process(shop: Shop, intake: Topic, rounds: int = 0) -> AsyncIterator[Process]:
    """A translator that dies at its n-th round, after it has published and before it commits."""
    name, where = shop.connector.name, (shop.kafka.bootstrap, shop.dsn)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.intake.corner_process",
        *where,
        name,
        intake.name,
        str(rounds),
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def units(shop: Shop, count: int) -> list[str]:
    """The serials that are covered, once there are so many."""
    found: list[str] = []
    for _ in range(200):
        rows = await shop.database.fetch("select serial_norm from unit order by serial_norm")
        found = [row["serial_norm"] for row in rows]
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return found


async def test_what_was_published_and_not_committed_counts_once_downstream(
    shop: Shop, hub: Installation
) -> None:
    said = [{"order": f"A-{n}", "serials": [f"s{n:03}"]} for n in range(120)]
    await land(shop, *said)
    for rounds in (1, 2):
        async with a_process(shop, hub.intake, rounds) as process:
            assert await process.wait() == -signal.SIGKILL
    async with at_work(a_translator(shop, shop.database, hub.intake)):
        figures = await accounted(shop, 120)
        found = await units(shop, 120)

    assert figures["translated"] == figures["events"] == 120
    assert found == [f"s{n:03}" for n in range(120)]
    told = await events(shop, hub.intake)
    assert len(told) > 120
    assert len({one.id for one in told}) == 120
    same = {(one.id, json.dumps(one.body)) for one in told}
    assert len(same) == 120


async def test_one_that_wakes_up_after_its_partitions_went_on_writes_nothing(
    shop: Shop, hub: Installation
) -> None:
    async with a_process(shop, hub.intake) as frozen:
        await land(shop, *({"order": f"A-{n}", "serials": [f"a{n:03}"]} for n in range(60)))
        await accounted(shop, 60)
        frozen.send_signal(signal.SIGSTOP)
        await land(
            shop, *({"order": f"B-{n}", "serials": [f"b{n:03}"]} for n in range(60)), delivery="b"
        )
        async with at_work(a_translator(shop, shop.database, hub.intake)):
            await accounted(shop, 120)
            frozen.send_signal(signal.SIGCONT)
            await land(
                shop,
                *({"order": f"C-{n}", "serials": [f"c{n:03}"]} for n in range(60)),
                delivery="c",
            )
            figures = await accounted(shop, 180)
            found = await units(shop, 180)

    assert figures["translated"] == figures["events"] == 180
    assert len(found) == len(set(found)) == 180
