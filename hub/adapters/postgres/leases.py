"""Who does what only one process may do at a time: serve a source at a door, link the chains of a partition.

A lease runs by Postgres's clock and only says when others may try; what keeps a frozen process from
writing is the epoch, which every statement made under a lease asks for.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from hub.adapters.postgres.database import Database
from hub.domain.errors import HubError

RELEASE_SECONDS = 2.0
"""So long at most a holder that ends waits for Postgres; else its lease runs out by itself."""

TAKE = """
insert into lease as l (door, tenant, source, epoch, held_by, held_until)
values ($1, $2, $3, 1, $4, clock_timestamp() + make_interval(secs => $5))
on conflict (door, tenant, source) do update
   set epoch = l.epoch + 1, held_by = excluded.held_by, held_since = clock_timestamp(),
       held_until = excluded.held_until
 where l.held_until <= clock_timestamp() or l.held_by = excluded.held_by
returning epoch
"""
RENEW = """
update lease set held_until = clock_timestamp() + make_interval(secs => $5)
 where door = $1 and tenant = $2 and source = $3 and epoch = $4 returning 1
"""
RELEASE = """
update lease set held_until = '-infinity'
 where door = $1 and tenant = $2 and source = $3 and epoch = $4
"""


class LeaseLostError(HubError):
    """Another process serves this source by now: leave everything as it is."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to serve a source until somebody takes the next epoch."""

    door: str
    tenant: str
    source: str
    epoch: int
    seconds: float

    @property
    def owner(self) -> tuple[str, str, int]:
        """What every statement under it begins with."""
        return self.tenant, self.source, self.epoch

    def lost(self) -> LeaseLostError:
        """The error for it."""
        return LeaseLostError(f"{self.door} of {self.tenant}/{self.source} is served elsewhere")


def this_process() -> str:
    """A name that no other process has, on whatever host and in whatever container."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class Leases:
    """Takes and keeps leases of one door for one process."""

    database: Database
    door: str
    seconds: float
    name: str = field(default_factory=this_process)
    """Whoever holds a lease under it may take that one again at once."""

    @asynccontextmanager
    async def held(self, tenant: str, source: str) -> AsyncIterator[Lease | None]:
        """Hold a lease while the block runs; None where somebody else holds it.

        Raises:
            LeaseLostError: it was taken over, and the block was cancelled.

        """
        place = (self.door, tenant, source)
        epoch = await self.database.fetchval(TAKE, *place, self.name, self.seconds)
        if epoch is None:
            yield None
            return
        lease = Lease(*place, epoch, self.seconds)
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(self._renew(lease))
                yield lease
                renewing.cancel()
        finally:
            await asyncio.shield(self._release(lease))

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self.seconds / 3)
            if await self.database.fetchval(RENEW, self.door, *lease.owner, self.seconds) is None:
                raise lease.lost()

    async def _release(self, lease: Lease) -> None:
        """Let others have it at once. Replaces nothing that the block has raised."""
        with suppress(HubError, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await self.database.execute(RELEASE, self.door, *lease.owner)
