"""Who asks a source: one poller at a time, for as long as it says that it is there."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hub.access.sources import Source
from hub.adapters.postgres import Database
from hub.domain.errors import HubError

LEASE_SECONDS = 30.0

TAKE = """
insert into checkpoint as c (tenant, source, epoch, held_by, held_until)
values ($1, $2, 1, $3, clock_timestamp() + make_interval(secs => $4))
on conflict (tenant, source) do update
   set epoch = c.epoch + 1, held_by = $3, held_until = excluded.held_until
 where c.held_until < clock_timestamp() or c.held_by = $3
returning epoch, value
"""
RENEW = """
update checkpoint set held_until = clock_timestamp() + make_interval(secs => $4)
 where tenant = $1 and source = $2 and epoch = $3 returning 1
"""
SAVE = """
update checkpoint
   set value = $5, held_until = clock_timestamp() + make_interval(secs => $4),
       changed_at = clock_timestamp()
 where tenant = $1 and source = $2 and epoch = $3 returning 1
"""
RELEASE = """
update checkpoint set held_until = clock_timestamp() where tenant = $1 and source = $2 and epoch = $3
"""


class LeaseLostError(HubError):
    """Another poller asks this source."""


@dataclass(slots=True)
class Lease:
    """The right to ask a source until somebody takes the next epoch."""

    tenant: str
    source: str
    epoch: int
    value: str | None
    """The checkpoint from which it goes on."""


@dataclass(slots=True)
class Leases:
    """Takes and keeps leases for one process."""

    database: Database
    seconds: float = LEASE_SECONDS
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")

    @asynccontextmanager
    async def held(self, source: Source) -> AsyncIterator[Lease]:
        """Hold a source's lease while the block runs, which is cancelled when it is lost.

        Raises:
            LeaseLostError: another poller holds it, or took it meanwhile.

        """
        place = (source.tenant, source.name)
        row = await self.database.fetchrow(TAKE, *place, self.name, self.seconds)
        if row is None:
            raise lost(*place)
        lease = Lease(*place, row["epoch"], row["value"])
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(self._renew(lease))
                yield lease
                renewing.cancel()
        finally:
            await self.database.execute(RELEASE, *place, lease.epoch)

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self.seconds / 3)
            kept = (lease.tenant, lease.source, lease.epoch, self.seconds)
            if await self.database.fetchval(RENEW, *kept) is None:
                raise lost(lease.tenant, lease.source)

    async def save(self, lease: Lease, value: str) -> None:
        """Remember where to go on.

        Raises:
            LeaseLostError: another poller took the lease; what it saved stands.

        """
        place = (lease.tenant, lease.source, lease.epoch, self.seconds)
        if await self.database.fetchval(SAVE, *place, value) is None:
            raise lost(lease.tenant, lease.source)
        lease.value = value


def lost(tenant: str, source: str) -> LeaseLostError:
    """The sentence for it."""
    return LeaseLostError(f"another poller asks source {source} of {tenant}")
