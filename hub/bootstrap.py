"""The composition root: the only place where clients, workers and servers are built."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from hub.access import tenants
from hub.access.keyring import Keyring
from hub.adapters.postgres import BY_INDEX, Database, connect
from hub.ledger.worker import Worker
from hub.registry import processor
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.settings import Settings
from hub.telemetry.http import Ready, health_server
from hub.telemetry.logging import configure_logging
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

AWAY = (StoreUnavailableError, BrokerUnavailableError)
LONGEST_WAIT = 10.0


def keyring(settings: Settings) -> Keyring:
    """The installation's keys."""
    return Keyring(settings.master_key.get_secret_value().encode())


@asynccontextmanager
async def database(
    settings: Settings, *, size: int = 8, session: dict[str, str] | None = None
) -> AsyncIterator[Database]:
    """A pool that is closed afterwards."""
    opened = await connect(settings.postgres.get_secret_value(), size=size, settings=session)
    try:
        yield opened
    finally:
        await opened.close()


async def process(settings: Settings, name: str) -> None:
    """Run the worker of a processor until asked to stop."""
    metrics = Metrics()
    chosen = processor(name)
    pool = settings.partitions + 4

    async def work(serve: Callable[[Ready], None]) -> None:
        async with database(settings, size=pool, session=BY_INDEX) as db:
            worker = Worker(
                chosen, settings.kafka_settings(), db, keyring(settings), metrics, settings.batch
            )
            serve(worker.ready)
            await worker.run()

    await run_until_stopped(settings, f"process.{name}", metrics, work)


async def run_until_stopped(
    settings: Settings,
    name: str,
    metrics: Metrics,
    work: Callable[[Callable[[Ready], None]], Awaitable[None]],
) -> None:
    """Run a process's work; where Kafka or Postgres is away, wait and begin again.

    `work` is handed a function to say whom `/readyz` asks.
    """
    configure_logging(settings.log_level, name)
    asking: list[Ready] = [lambda: (False, ["starting"])]

    async def again_and_again() -> None:
        pause = 0.5
        while True:
            try:
                await work(lambda ready: asking.__setitem__(0, ready))
            except AWAY as error:
                asking[0] = lambda reason=str(error): (False, [reason])  # type: ignore[misc]
                log.warning("infrastructure.away", reason=str(error), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(LONGEST_WAIT, pause * 2)

    async with AsyncExitStack() as stack:
        if settings.http_port:
            await stack.enter_async_context(
                health_server(
                    settings.http_host, settings.http_port, metrics.registry, lambda: asking[0]()
                )
            )
        task = asyncio.create_task(again_and_again())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        log.info("process.started")
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        log.info("process.stopped")


async def set_tenant(
    settings: Settings, tenant: str, coverage_months: int, patience_days: int
) -> None:
    """Add a merchant, or change its defaults under the next version."""
    async with database(settings, size=1) as db:
        await tenants.put(db, tenant, coverage_months, patience_days)
