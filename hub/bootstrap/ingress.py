"""The process that sources post to, and the way any process serves HTTP in our own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from hub import registry
from hub.access.sources import Sources, SourceStore, as_tenant
from hub.adapters.kafka import Outlet, SharedOutlet
from hub.adapters.postgres import TenantDatabase, connect_for_tenants
from hub.audit.refusals import Refusals
from hub.bootstrap.http import Protocol
from hub.bootstrap.parts import check_production, database, keys_followed
from hub.bootstrap.running import Serve, beside, run_until_stopped
from hub.domain.errors import HubError
from hub.intake.door import DOOR, PushDoor, application
from hub.intake.landing import Lander, raw_partitions
from hub.settings import Settings
from hub.telemetry.metrics import Metrics, from_zero
from schemas.topics import AUDIT, raw

GRACE_SECONDS = 10
"""For requests that are under way when the process is asked to stop."""


class PortTakenError(HubError):
    """The address to listen on cannot be had."""


async def ingress(settings: Settings) -> None:
    """Take what sources post until asked to stop."""
    metrics = Metrics()
    count_from_zero(metrics, DOOR)

    async def work(serve: Serve) -> None:
        if settings.profile == "production":
            async with database(settings, size=1) as db:
                await check_production(settings, db)
        async with tenant_database(settings) as tenants, push_door(settings, tenants, metrics) as d:
            serve(lambda: (True, ()))
            await serve_http(application(d), settings.public_host, settings.public_port)

    await run_until_stopped(settings, "ingress", metrics, work)


def count_from_zero(metrics: Metrics, door: str) -> None:
    """Show what alerts watch at a door before it happens."""
    for status in ("500", "503"):
        from_zero(metrics.door_requests, door, status)
    from_zero(metrics.refusals_dropped, door)


@asynccontextmanager
async def tenant_database(settings: Settings) -> AsyncIterator[TenantDatabase]:
    """A pool that sees one tenant at a time, closed afterwards."""
    dsn = (settings.postgres_api or settings.postgres).get_secret_value()
    opened = await connect_for_tenants(dsn)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def push_door(
    settings: Settings, tenants: TenantDatabase, metrics: Metrics
) -> AsyncIterator[PushDoor]:
    """The door with all it needs."""
    kafka, connectors = settings.kafka_settings(), registry.connectors()
    topics = [raw(name).name for name, one in connectors.items() if one.push]
    partitions = await raw_partitions(kafka, topics)
    outlet, audit = SharedOutlet(kafka), Outlet(kafka)
    refusals = Refusals(audit, AUDIT.name, metrics)
    try:
        async with beside(refusals.run()), keys_followed(settings, tenants) as keys:
            sources = Sources(SourceStore(connectors, keys), as_tenant(tenants))
            lander = Lander(outlet, partitions, metrics)
            yield PushDoor(sources, lander, refusals, metrics, settings.public_url)
    finally:
        await outlet.stop()
        await audit.stop()


class _Server(uvicorn.Server):
    """Signals are `run_until_stopped`'s."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(app: ASGIApp, host: str, port: int) -> None:
    """Serve until cancelled, then finish what is under way.

    Raises:
        PortTakenError: the address cannot be had.

    """
    with _listening(host, port) as listener:
        await serve_on(app, listener)


async def serve_on(app: ASGIApp, listener: socket.socket) -> None:
    """Serve on a socket that is bound already; ends as `serve_http` does."""
    options: dict[str, Any] = {
        "lifespan": "off",
        "ws": "none",
        "http": Protocol,
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }
    # Whoever is accepted inherits it: head and body of an answer go out in two writes, and the
    # second would wait 40 ms for the first to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = _Server(uvicorn.Config(app, **options))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        message = (
            f"cannot listen on {host}:{port} ({error.strerror}); stop what has it, or set another "
            "HUB_PUBLIC_PORT or HUB_PUBLIC_HOST"
        )
        raise PortTakenError(message) from error
    with listener:
        yield listener
