"""`python -m hub.dev.bench.push`: the CPU of the push door beside that of a bare Starlette route."""

import argparse
import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from connectors.sdk.webhooks import sign
from hub.dev.bench.events import Kind, ticket
from hub.dev.bench.measure import cpu_seconds, load
from hub.dev.bench.rounds import say
from hub.dev.crash.installation import TENANT, Installation, hub
from hub.dev.lifeline import die_with_parent, exit_on_sigterm
from schemas.topics import raw

CALLERS = (1, 50)
MOST = 1.3
"""How much more CPU a request may cost than on the bare route."""
WARM = 400
TAKEN = b"HTTP/1.1 202"
PATIENCE = 30.0


class PushFailedError(RuntimeError):
    """A contender did not start, or did not take a delivery."""


@contextmanager
def serving(command: list[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """A server in a process of its own; gives its process id once it listens."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=env, stdout=out, stderr=out, preexec_fn=die_with_parent(signal.SIGKILL)
        )
    try:
        _await_port(int(env["HUB_PUBLIC_PORT"]), process, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise PushFailedError(f"it does not listen on {port}; read {log}")


def requests(run: str, secret: str, count: int) -> list[bytes]:
    """Signed deliveries of one ticket each, as they go over the wire."""
    made = []
    for n in range(count):
        body = ticket(Kind(run), n).value
        headers = sign(secret, f"{run}-{n}", datetime.now(UTC), body)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        made.append(
            f"POST /sources/pos/{TENANT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    return made


async def post(port: int, made: list[bytes], callers: int) -> None:
    """Send all of them, each caller one after the other on one connection."""
    waiting = iter(made)

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(TAKEN):
                raise PushFailedError((head + body).decode())
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller())


async def once(
    servers: Installation, name: str, run: str, secret: str, count: int
) -> dict[int, float]:
    """Microseconds of CPU a request of one contender, by the number of callers."""
    port = _free_port()
    env, log = servers.env(HUB_PUBLIC_PORT=str(port)), servers.root / f"{run}.log"
    bare = {
        "BARE_PORT": str(port),
        "BARE_KAFKA": servers.kafka.bootstrap,
        "BARE_TOPIC": raw("pos").name,
        "BARE_SECRET": secret,
    }
    commands = {"hub": hub("ingress"), "bare": [sys.executable, "-m", "hub.dev.bench.bare_push"]}
    costs: dict[int, float] = {}
    with serving(commands[name], env | bare, log) as pid:
        await post(port, requests(f"{run}w", secret, WARM), CALLERS[-1])
        for callers in CALLERS:
            made = requests(f"{run}c{callers}", secret, count)
            before = cpu_seconds(pid)
            await post(port, made, callers)
            costs[callers] = (cpu_seconds(pid) - before) / count * 1_000_000
    return costs


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def compare(servers: Installation, count: int, rounds: int) -> dict[str, Any]:
    """Both contenders in turn, so that what the machine does besides troubles both."""
    await servers.prepare()
    secret = (await servers.give_access()).secret
    found: dict[str, list[dict[int, float]]] = {"hub": [], "bare": []}
    for number in range(rounds):
        for name in ("bare", "hub") if number % 2 else ("hub", "bare"):
            costs = await once(servers, name, f"{name}{number}", secret, count)
            say(f"{name}: " + ", ".join(f"{c} callers {us:.0f} us" for c, us in costs.items()))
            found[name].append(costs)
    plain: dict[str, Any] = {"requests": count, "rounds": rounds}
    for callers in CALLERS:
        us = {name: median(one[callers] for one in costs) for name, costs in found.items()}
        plain |= {f"{name}_us_{callers}": round(cost) for name, cost in us.items()}
        plain[f"ratio_{callers}"] = round(us["hub"] / us["bare"], 3)
    holds = all(plain[f"ratio_{callers}"] <= MOST for callers in CALLERS)
    return plain | {"at_most": MOST, "load": load(), "ok": holds}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.bench.push", description=__doc__)
    parser.add_argument("--requests", type=int, default=2_000, help="of each contender and round")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with exit_on_sigterm(), TemporaryDirectory(prefix="warranty-hub-push-") as folder:
        servers = Installation(Path(folder))
        say("starting Kafka and a durable Postgres")
        try:
            servers.start()
            plain = asyncio.run(compare(servers, chosen.requests, chosen.rounds))
        finally:
            servers.stop()
    sys.stdout.write(json.dumps(plain) + "\n")
    return 0 if plain["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
