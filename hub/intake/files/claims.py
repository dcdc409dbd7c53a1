"""Who works the drop folder of a source: one process, for as long as it renews its lease.

The lease runs by Postgres's clock and only says when others may try; what keeps a frozen process
from writing is the epoch, which every statement about the folder's files asks for.
"""

import asyncio
from dataclasses import dataclass

from hub.adapters.postgres import Database
from hub.domain.errors import HubError

LEASE_SECONDS = 10.0

CLAIM = """
insert into file_owner as o (tenant, source, epoch, claimed_by, lease_until)
values ($1, $2, 1, $3, clock_timestamp() + make_interval(secs => $4))
on conflict (tenant, source) do update
   set epoch = o.epoch + 1, claimed_by = excluded.claimed_by, claimed_at = clock_timestamp(),
       lease_until = excluded.lease_until
 where o.lease_until <= clock_timestamp()
returning epoch
"""
RENEW = """
update file_owner set lease_until = clock_timestamp() + make_interval(secs => $4)
 where tenant = $1 and source = $2 and epoch = $3
"""
RELEASE = """
update file_owner set lease_until = '-infinity' where tenant = $1 and source = $2 and epoch = $3
"""
ONE = "UPDATE 1"


class FencedError(HubError):
    """Another process works this folder by now: leave everything as it is."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work a folder."""

    database: Database
    tenant: str
    source: str
    epoch: int
    lease: float

    async def keep(self) -> None:
        """Renew the lease until cancelled.

        Raises:
            FencedError: it was taken over.

        """
        while True:
            await asyncio.sleep(self.lease / 3)
            owner = (self.tenant, self.source, self.epoch)
            if await self.database.execute(RENEW, *owner, self.lease) != ONE:
                raise FencedError(f"the files of {self.tenant}/{self.source} are worked elsewhere")

    async def release(self) -> None:
        """Let others have it at once."""
        await self.database.execute(RELEASE, self.tenant, self.source, self.epoch)


async def claim(
    database: Database, tenant: str, source: str, by: str, *, lease: float = LEASE_SECONDS
) -> Claim | None:
    """The claim, or None while somebody else holds it."""
    epoch = await database.fetchval(CLAIM, tenant, source, by, lease)
    return None if epoch is None else Claim(database, tenant, source, epoch, lease)
