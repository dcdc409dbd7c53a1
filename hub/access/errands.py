"""What is done after an answer, so that nobody waits for it or learns from how long it took."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from hub.domain.errors import HubError
from hub.sdk.failures import StoreUnavailableError

log = structlog.get_logger()

MOST = 1_000
LAST_SECONDS = 5.0
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
Errand = Callable[[], Awaitable[None]]


class Errands:
    """Runs errands one after the other, in the order in which they were added.

    While Postgres is away they wait; what else an errand raises and has no name is a fault of ours, and
    ends the process, whose supervisor begins it anew.
    """

    def __init__(self) -> None:
        """Take errands from now on; `run` does them."""
        self._waiting: deque[Errand] = deque()
        self._news = asyncio.Event()

    def add(self, errand: Errand) -> None:
        """Have it done soon; where too many wait already, not at all."""
        if len(self._waiting) >= MOST:
            log.warning("errand.dropped", waiting=MOST)
            return
        self._waiting.append(errand)
        self._news.set()

    async def run(self) -> None:
        """Until cancelled; what waits then is done if it can be within seconds."""
        try:
            while True:
                await self._news.wait()
                await self.done()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await self.done()

    async def done(self) -> None:
        """Do all that waits now, and what is added meanwhile."""
        failures = 0
        while self._waiting:
            try:
                await self._do(self._waiting[0])
            except StoreUnavailableError as error:
                log.warning("errand.waits", waiting=len(self._waiting), reason=str(error))
                await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                failures += 1
            else:
                self._waiting.popleft()
                failures = 0
        self._news.clear()

    async def _do(self, errand: Errand) -> None:
        try:
            await errand()
        except StoreUnavailableError:
            raise
        except HubError:
            log.exception("errand.failed")
