"""`python -m hub.dev.bench.door`: how long the API lets a caller wait for a decision.

Beside it, in the same run and with as many callers: two acknowledged produce requests and one commit
between them, which is the least that an answer of the kind can cost.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from hub.dev.bench import topics
from hub.dev.bench.measure import load
from hub.dev.bench.rounds import say
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import ZONE, Installation
from hub.dev.lifeline import exit_on_sigterm

CALLERS = (1, 50)
MOST = 2.5
"""How many times longer than the least a caller may wait, in the median."""
WARM, PARTITIONS, POOL = 300, 4, 16
READY_SECONDS = 60.0
TOPIC = "least"
TABLE = "create table least (n bigint generated always as identity primary key, body text not null)"
INSERT = "insert into least (body) values ($1)"

Ask = Callable[[int], Awaitable[None]]


class DoorFailedError(RuntimeError):
    """The door did not answer as it should."""


def sale(run: str, n: int) -> bytes:
    """A sale of one unit with a serial, under an order of its own."""
    line = {"line": "1", "product": {"code": "TV-55"}, "serials": [f"{run}-{n}"]}
    order = {"namespace": "bench", "reference": f"{run}-{n}"}
    sold = {"order": order, "sold_at": "2026-01-31T18:30:00+03:00", "zone": ZONE, "lines": [line]}
    return json.dumps({"sale": sold}).encode()


async def waits(ask: Callable[[], Any], callers: int, count: int) -> list[float]:
    """Milliseconds of each of `count` questions, asked by so many callers one after the other."""
    numbers = iter(range(count))
    taken: list[float] = []

    async def caller() -> None:
        async with ask() as one:
            for n in numbers:
                begun = time.perf_counter()
                await one(n)
                taken.append((time.perf_counter() - begun) * 1000)

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller())
    return taken


class Door:
    """A caller of the API on one connection."""

    def __init__(self, port: int, key: str) -> None:
        """Call the door at that port."""
        self._port = port
        self._key = key

    @asynccontextmanager
    async def caller(self, run: str) -> AsyncIterator[Ask]:
        """Ask on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)

        async def ask(n: int) -> None:
            body = sale(run, n)
            head = (
                "POST /v1/activations HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {self._key}\r\nIdempotency-Key: {run}-{n}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            text = await reader.readexactly(length)
            if not answer.startswith(b"HTTP/1.1 201"):
                raise DoorFailedError((answer + text).decode())

        yield ask
        writer.close()


class Least:
    """Two acknowledged produce requests and a commit, with nothing around them."""

    def __init__(self, producer: AIOKafkaProducer, pool: "asyncpg.Pool[Any]") -> None:
        """Use what all callers share."""
        self._producer = producer
        self._pool = pool

    @asynccontextmanager
    async def caller(self, run: str) -> AsyncIterator[Ask]:
        """One caller."""

        async def ask(n: int) -> None:
            body = sale(run, n)
            await self._producer.send_and_wait(TOPIC, body, partition=n % PARTITIONS)
            await self._pool.execute(INSERT, body.decode())
            await self._producer.send_and_wait(TOPIC, body, partition=n % PARTITIONS)

        yield ask


@asynccontextmanager
async def least(servers: Installation) -> AsyncIterator[Least]:
    """The least, ready to be asked."""
    await topics.create(servers.kafka.bootstrap, [TOPIC], PARTITIONS)
    producer = AIOKafkaProducer(
        bootstrap_servers=servers.kafka.bootstrap, acks="all", enable_idempotence=True
    )
    await producer.start()
    pool = await asyncpg.create_pool(servers.dsn, min_size=POOL, max_size=POOL)
    try:
        await pool.execute(TABLE)
        yield Least(producer, pool)
    finally:
        await pool.close()
        await producer.stop()


async def compare(servers: Installation, count: int, rounds: int) -> dict[str, Any]:
    """Both in turn, so that what the machine does besides troubles both."""
    await servers.prepare()
    key = (await servers.give_access()).key
    fleet = Fleet(servers)
    found: dict[tuple[str, int], list[list[float]]] = {}
    try:
        fleet.add("process", 1)
        fleet.add("serve", 1)
        await _ready(fleet)
        door = Door(fleet.of("serve")[0].door, key)
        async with least(servers) as bare:
            asked = {"least": bare.caller, "door": door.caller}
            await waits(lambda: door.caller("warm"), CALLERS[-1], WARM)
            for number in range(rounds):
                for callers in CALLERS:
                    for name, caller in asked.items():
                        run = f"{name}{number}c{callers}"
                        of_run = count if callers > 1 else count // 5
                        taken = await waits(lambda c=caller, r=run: c(r), callers, of_run)  # type: ignore[misc]
                        found.setdefault((name, callers), []).append(taken)
                        say(f"{name}, {callers} callers: p50 {median(taken):.1f} ms")
    finally:
        fleet.end_all()
    return _figures(found) | {"requests": count, "rounds": rounds}


async def _ready(fleet: Fleet) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not all([await one.is_ready() for one in fleet.members]):  # noqa: ASYNC110 - others tell nobody
            await asyncio.sleep(0.1)


def _figures(found: dict[tuple[str, int], list[list[float]]]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for (name, callers), runs in found.items():
        plain[f"{name}_p50_ms_{callers}"] = round(median(median(run) for run in runs), 2)
        cuts = [quantiles(run, n=100)[98] for run in runs]
        plain[f"{name}_p99_ms_{callers}"] = round(median(cuts), 2)
    for callers in CALLERS:
        ratio = plain[f"door_p50_ms_{callers}"] / plain[f"least_p50_ms_{callers}"]
        plain[f"ratio_{callers}"] = round(ratio, 3)
    holds = all(plain[f"ratio_{callers}"] <= MOST for callers in CALLERS)
    return plain | {"at_most": MOST, "load": load(), "ok": holds}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.bench.door", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_500, help="of each contender and round")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with exit_on_sigterm(), TemporaryDirectory(prefix="warranty-hub-door-") as folder:
        servers = Installation(Path(folder), PARTITIONS)
        say("starting Kafka and a durable Postgres")
        try:
            servers.start()
            plain = asyncio.run(compare(servers, chosen.requests, chosen.rounds))
        finally:
            servers.stop()
    sys.stdout.write(json.dumps(plain) + "\n")
    return 0 if plain["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
