"""What writes and follows the audit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.adapters.kafka import Outlet
from hub.audit.refusals import Refusals
from hub.settings import Settings
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT


@asynccontextmanager
async def refusals(settings: Settings, metrics: Metrics) -> AsyncIterator[Refusals]:
    """What a door tells its refusals to; they are written while the block runs."""
    outlet = Outlet(settings.kafka_settings())
    noted = Refusals(outlet, AUDIT.name, metrics)
    task = asyncio.create_task(noted.run())
    try:
        yield noted
    finally:
        task.cancel()
        await asyncio.wait([task])
        await outlet.stop()
