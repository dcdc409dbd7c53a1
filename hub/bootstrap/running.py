"""Running a process: health beside its work, patience while Kafka or Postgres is away, a clean end."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from hub.sdk.ending import is_ending
from hub.sdk.failures import AWAY, BrokerAwayError
from hub.settings import Settings
from hub.telemetry.http import Ready, health_server
from hub.telemetry.logging import configure_logging
from hub.telemetry.metrics import Metrics, from_zero

log = structlog.get_logger()

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
HEALTHY_SECONDS = 60.0
INFRASTRUCTURE = (*(error.__name__ for error in (*AWAY, BrokerAwayError)), "unexpected")
"""The kinds of `hub_infrastructure_errors`."""

Serve = Callable[[Ready], None]
"""Says whom `/readyz` asks from now on."""


async def run_until_stopped(
    settings: Settings, name: str, metrics: Metrics, work: Callable[[Serve], Awaitable[None]]
) -> None:
    """Run a process's work; where Kafka or Postgres is away, wait and begin again."""
    configure_logging(settings.log_level, name)
    for kind in INFRASTRUCTURE:
        from_zero(metrics.infrastructure, kind)
    asked: Ready = _starting

    def serve(ready: Ready) -> None:
        nonlocal asked
        asked = ready

    def is_ready() -> tuple[bool, Sequence[str]]:
        return asked()

    async with AsyncExitStack() as stack:
        if settings.http_port:
            server = health_server(
                settings.http_host, settings.http_port, metrics.registry, is_ready
            )
            await stack.enter_async_context(server)
        task = asyncio.create_task(_again_and_again(work, serve))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        log.info("process.started")
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        log.info("process.stopped")


@asynccontextmanager
async def beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these for as long as the block; what fails among them ends the block and is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _starting() -> tuple[bool, Sequence[str]]:
    return False, ["starting"]


async def _again_and_again(work: Callable[[Serve], Awaitable[None]], serve: Serve) -> None:
    pause = FIRST_WAIT
    while True:
        began = time.monotonic()
        try:
            await work(serve)
        except* AWAY as errors:
            reason = "; ".join(str(error) for error in errors.exceptions)
            serve(lambda reason=reason: (False, [reason]))  # type: ignore[misc]
            # What went well for a while and fails now is a new trouble.
            pause = FIRST_WAIT if time.monotonic() - began >= HEALTHY_SECONDS else pause
            log.warning("infrastructure.away", reason=reason, seconds=pause)
        if is_ending():
            # Whatever was away kept its cleanup from saying so.
            return
        await asyncio.sleep(pause)
        pause = min(LONGEST_WAIT, pause * 2)
