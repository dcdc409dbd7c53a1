"""The live windows follow a real topic, and come and go quickly."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from hub.adapters.kafka import KafkaSettings, Message, Outlet, apply_topics
from hub.dev.embedded.server import free_port
from hub.insight.live import Live, MissingTopicError
from hub.telemetry.metrics import Metrics
from schemas.envelope import Envelope, source_of, to_headers
from schemas.topics import WARRANTY_STATUS, Topic
from tests.ledger.driver import eventually

pytestmark = pytest.mark.servers

PROGRAM = """
import asyncio, signal, sys
from hub.adapters.kafka import KafkaSettings
from hub.insight.live import Live
from hub.telemetry.http import health_server
from hub.telemetry.metrics import Metrics

async def main(bootstrap, topic, port):
    metrics = Metrics()
    kafka = KafkaSettings(bootstrap, session_timeout_ms=6000, heartbeat_interval_ms=500)
    live = Live(kafka, topic, ("warranty.activated.v1",), metrics)
    task = asyncio.create_task(live.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with health_server("127.0.0.1", int(port), metrics.registry, live.ready):
        await asyncio.wait([task])

asyncio.run(main(*sys.argv[1:]))
"""


class Process:
    """`hub insight` as the operating system sees it."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{args[2]}")
        self.running = subprocess.Popen([sys.executable, "-c", PROGRAM, *args], cwd=folder)

    async def ready(self, seconds: float) -> None:
        await eventually(self._is_ready, "ready", seconds)

    async def _is_ready(self) -> bool:
        try:
            return (await self.http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def counted(self) -> float:
        """Activations in the open and the closed window."""
        lines = (await self.http.get("/metrics")).text.splitlines()
        start = 'hub_window_outcomes{outcome="warranty.activated.v1"'
        return sum(float(line.split()[-1]) for line in lines if line.startswith(start))

    async def ends(self, sign: signal.Signals) -> float:
        """Send it a signal; gives the seconds it took to end."""
        began = time.monotonic()
        self.running.send_signal(sign)
        await asyncio.to_thread(self.running.wait, 30)
        return time.monotonic() - began


@pytest.fixture
async def status(kafka: str, topic_prefix: str) -> Topic:
    topic = replace(WARRANTY_STATUS, name=f"{topic_prefix}status")
    await apply_topics(KafkaSettings(kafka), [topic], partitions=2, replication=1)
    return topic


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture
async def processes(kafka: str, status: Topic, tmp_path: Path) -> AsyncIterator[list[Process]]:
    """Two runs of the same process, one after the other; only the first is started."""
    args = (kafka, status.name, str(free_port()))
    started = [Process(tmp_path, *args)]
    yield started
    for process in started:
        await process.http.aclose()
        process.running.kill()
        process.running.wait()
    assert left_in(tmp_path) == [], "it leaves something in its working directory"


async def publish(kafka: str, status: Topic, count: int) -> None:
    envelope = Envelope(
        id="e",
        source=source_of("acme", "warranty"),
        type="warranty.activated.v1",
        time=datetime.now(UTC),
        tenant="acme",
    )
    outlet = Outlet(KafkaSettings(kafka))
    for part in range(2):
        await outlet.send(status.name, part, [Message(b"k", b"{}", to_headers(envelope))] * count)
    await outlet.stop()


async def counts(process: Process, kafka: str, status: Topic) -> None:
    """What is published now is counted: windows last ten seconds, so both are looked at."""
    before = await process.counted()
    await publish(kafka, status, 3)

    async def grew() -> bool:
        return await process.counted() > before

    await eventually(grew, "counted", 10)


async def test_counts_starts_again_after_kill_9_and_ends_quickly_on_sigterm(
    kafka: str, status: Topic, processes: list[Process], tmp_path: Path
) -> None:
    (first,) = processes
    await first.ready(30)
    await counts(first, kafka, status)

    await first.ends(signal.SIGKILL)
    second = Process(tmp_path, kafka, status.name, str(first.http.base_url.port))
    processes.append(second)
    await second.ready(20)
    await counts(second, kafka, status)

    assert await second.ends(signal.SIGTERM) < 8
    assert second.running.returncode == 0


async def test_says_which_topic_is_missing_instead_of_waiting_for_ever(kafka: str) -> None:
    live = Live(KafkaSettings(kafka), "not.there", (), Metrics())

    with pytest.raises(MissingTopicError, match="hub topics apply"):
        await live.run()


async def test_opens_no_port_of_its_own(processes: list[Process]) -> None:
    (process,) = processes
    await process.ready(30)

    connections = psutil.Process(process.running.pid).net_connections(kind="inet")
    listening = [one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN]
    assert listening == [process.http.base_url.port]
