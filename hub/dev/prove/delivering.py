"""What the scenes of deliveries are played on: endpoints in a database, who takes what is sent, and who sends it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.delivery.chores import Chores
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.egress import Egress, Rules
from hub.delivery.endpoints import Desk, Shape
from hub.delivery.http import HttpDestination
from hub.dev.embedded.server import free_port
from hub.dev.prove.receiver import Receiver
from hub.telemetry.metrics import Metrics

TENANT = "acme"
MASTER = "prove-delivery-key-of-32-bytes-00"
KEYRING = Keyring(MASTER.encode())
WHO = By(kind="system", id="prove")
LINES = 16
BODY = json.dumps({"specversion": "1.0", "id": "evt_0", "data": {"filler": "x" * 700}})

TELL = """
with told as (
  insert into status_event (tenant, id, type, subject, branch, at, seq, body)
  select $1, 'evt_' || n, 'warranty.activated.v1', 'wty_' || n % $4::int, '', clock_timestamp(), n, $5
    from generate_series($2::int, $3::int) n returning id, subject, seq)
insert into delivery (tenant, endpoint, event, subject)
select $1, e.id, told.id, told.subject from told cross join endpoint e
 where e.tenant = $1 and ($6::text = '' or e.id = $6) order by told.seq
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A database of a scene's own, and the size it is played in."""

    database: Database
    size: float
    dsn: str = ""

    def some(self, full: int) -> int:
        """So many of a full run's."""
        return max(1, int(full * self.size))

    async def endpoint(self, url: str, **more: Any) -> str:
        """Add an endpoint; its id."""
        shape = Shape(address=url, **{"rate": 10_000.0, "at_once": LINES, "timeout": 5.0} | more)
        async with self.database.transaction() as tx:
            endpoint, _ = await Desk(tx, KEYRING, TENANT, WHO).add(shape)
        return endpoint.id

    async def tell(self, first: int, last: int, subjects: int = 1_000, endpoint: str = "") -> None:
        """Have these events told to every endpoint, or to one."""
        await self.database.execute(TELL, TENANT, first, last, subjects, BODY, endpoint)

    async def left(self) -> int:
        """How many are still to be made."""
        sql = "select count(*) from delivery where state in ('waiting', 'sending')"
        return int(await self.database.fetchval(sql))

    async def drained(self, seconds: float = 1_500) -> None:
        """Return once nothing is left."""
        async with asyncio.timeout(seconds):
            while await self.left():  # noqa: ASYNC110 - a table tells nobody
                await asyncio.sleep(0.1)

    async def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        rows = await self.database.fetch("select state, count(*) from delivery group by state")
        return {row["state"]: row["count"] for row in rows}

    @asynccontextmanager
    async def delivering(self, scale: float = 1.0) -> AsyncIterator[None]:
        """A dispatcher with its chores, while the block runs."""
        kinds = {"http": HttpDestination(Egress(Rules.read("127.0.0.0/8")))}
        dispatcher = Dispatcher(self.database, KEYRING, kinds, Metrics(), scale)
        chores = Chores(self.database, Metrics())
        tasks = [asyncio.create_task(one) for one in (dispatcher.run(), chores.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await kinds["http"].aclose()


@contextmanager
def apart() -> Iterator[str]:
    """A receiver in a process of its own, so that its work is not counted as ours."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "hub.dev.prove.receiver", str(port)])
    try:
        with httpx.Client() as client:
            for _ in range(600):
                try:
                    client.post(f"http://127.0.0.1:{port}/", headers={"webhook-id": "begin"})
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def here(receiver: Receiver) -> AsyncIterator[str]:
    """A receiver in this process, which tells what it took."""
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, backlog=512)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def dispatcher(dsn: str) -> "subprocess.Popen[bytes]":
    """`hub deliver`, as an operator starts it."""
    inherited = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
    told = {
        "HUB_POSTGRES": dsn,
        "HUB_MASTER_KEY": MASTER,
        "HUB_DELIVERY_NETWORKS": "127.0.0.0/8",
        "HUB_LOG_LEVEL": "error",
    }
    return subprocess.Popen([sys.executable, "-m", "hub.main", "deliver"], env=inherited | told)
