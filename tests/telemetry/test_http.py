"""A process tells whether it lives, whether it works, and its figures."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from hub.telemetry.http import health_server
from hub.telemetry.metrics import Metrics


class Process:
    """What the server under test reports on."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.reasons: list[str] = []

    def ready(self) -> tuple[bool, list[str]]:
        return not self.reasons, self.reasons


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
async def http(process: Process) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        health_server("127.0.0.1", 0, process.metrics.registry, process.ready) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def test_shows_its_metrics(process: Process, http: httpx.AsyncClient) -> None:
    process.metrics.unaccounted.labels("warranty.intake.v1", "0").set(7)

    reply = await http.get("/metrics")

    assert 'hub_unaccounted_events{partition="0",topic="warranty.intake.v1"} 7.0' in reply.text


async def test_is_alive_even_where_it_is_not_ready(
    process: Process, http: httpx.AsyncClient
) -> None:
    process.reasons = ["partition 3 is unclaimed"]

    assert (await http.get("/healthz")).status_code == 200
    reply = await http.get("/readyz")
    assert (reply.status_code, reply.json()) == (
        503,
        {"ready": False, "reasons": ["partition 3 is unclaimed"]},
    )


async def test_is_ready_once_nothing_keeps_it_from_its_work(http: httpx.AsyncClient) -> None:
    reply = await http.get("/readyz")

    assert (reply.status_code, reply.json()) == (200, {"ready": True, "reasons": []})


async def test_says_which_paths_there_are(http: httpx.AsyncClient) -> None:
    assert (await http.get("/admin")).status_code == 404
    assert (await http.post("/metrics")).status_code == 405


async def test_outlives_what_is_no_http(http: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write(b"\x00" * 200_000)
    writer.close()

    assert (await http.get("/healthz")).status_code == 200
    assert reader is not None
