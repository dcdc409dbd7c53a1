"""Where a pulled source goes on, as the holder of its lease may move it."""

from dataclasses import dataclass

from hub.adapters.postgres import Database
from hub.adapters.postgres.leases import Lease

LOAD = "select value from checkpoint where tenant = $1 and source = $2"
# A lease that is taken over in this moment is waited for, and then seen.
SAVE = """
with own as (
  update lease set held_until = clock_timestamp() + make_interval(secs => $4)
   where door = 'pull' and tenant = $1 and source = $2 and epoch = $3 returning 1)
insert into checkpoint (tenant, source, value) select $1, $2, $5 from own
on conflict (tenant, source) do update set value = excluded.value, changed_at = clock_timestamp()
returning 1
"""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Of every source."""

    database: Database

    async def load(self, lease: Lease) -> str | None:
        """Where to go on; None at the beginning."""
        value: str | None = await self.database.fetchval(LOAD, lease.tenant, lease.source)
        return value

    async def save(self, lease: Lease, value: str) -> None:
        """Remember where to go on.

        Raises:
            LeaseLostError: another poller took the lease; what it saved stands.

        """
        if await self.database.fetchval(SAVE, *lease.owner, lease.seconds, value) is None:
            raise lease.lost()
