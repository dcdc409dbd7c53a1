"""Make a projection again from the ledger: fill a shadow table, then swap it in at once.

Several processes may rebuild the same projection at once: each step is fenced by the shadow's
progress rows, so they share the work, and what one leaves behind the next goes on with.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hub.adapters.postgres import Database
from hub.adapters.postgres.database import Queries
from hub.domain.errors import HubError
from hub.ledger.progress import Place, Places, Target
from hub.ledger.steps import read_ledger
from hub.sdk.projection import Projection

LOCK = "select pg_advisory_xact_lock(hashtextextended('rebuild ' || $1, 0))"
ROWS = """
insert into projection_progress (projection, part, version, seq, epoch)
select $1::text, part, $2::int, 0, 0 from generate_series(0, $3::int - 1) part
 on conflict do nothing
"""
SWAP = """
update projection_progress live set version = shadow.version, seq = shadow.seq, epoch = shadow.epoch
  from projection_progress shadow
 where live.projection = $1 and shadow.projection = $2 and live.part = shadow.part
"""
GRANTS = """
select format('grant %s on {shadow} to %I', privilege_type,
              case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end) as statement
  from pg_class, aclexplode(relacl)
 where oid = $1::regclass and grantee <> relowner
"""

Report = Callable[[int, int], None]
"""Is told how many status events are done, and how many there are."""


class NewerProjectionError(HubError):
    """Newer code has built this projection; this process is too old to touch it."""


def _quiet(_done: int, _total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One projection's rebuild from the ledger of one intake topic."""

    database: Database
    projection: Projection
    topic: str
    partitions: int
    report: Report = _quiet

    async def run(self, *, anew: bool) -> int:
        """Rebuild and swap; gives the number of status events the table now stands on.

        With `anew` whatever an earlier run left is thrown away, else it is gone on with.

        Raises:
            NewerProjectionError: newer code has built this projection.

        """
        await self._begin(anew=anew)
        while True:
            await self._fill()
            done = await self._swap()
            if done is not None:
                return done

    async def _begin(self, *, anew: bool) -> None:
        live, shadow = Target.live(self.projection), Target.shadow(self.projection)
        async with self.database.transaction() as tx:
            await tx.execute(LOCK, self.projection.name)
            for places in (await live.places(tx), begun := await shadow.places(tx, lock=True)):
                self._refuse_older(places)
            if anew or begun.version != self.projection.version or len(begun.at) != self.partitions:
                await _forget(tx, shadow)
                await tx.execute(f"create table {shadow.table} (like {live.table} including all)")
                await tx.execute(ROWS, shadow.progress, self.projection.version, self.partitions)

    def _refuse_older(self, places: Places) -> None:
        if places.version > self.projection.version:
            message = (
                f"projection {self.projection.name} was built by version {places.version} but this"
                f" code is version {self.projection.version}; run the newer code"
            )
            raise NewerProjectionError(message)

    async def _fill(self) -> None:
        shadow = Target.shadow(self.projection)
        total = await self._total()
        places = (await shadow.places(self.database)).at
        for part in places:
            while await self._fill_on(shadow, part, places):
                self.report(sum(place.seq for place in places.values()), total)
        self.report(sum(place.seq for place in places.values()), total)

    async def _fill_on(self, shadow: Target, part: int, places: dict[int, Place]) -> bool:
        step = await read_ledger(self.database, self.projection, self.topic, part, places[part])
        if step is None:
            return False
        async with self.database.transaction() as tx:
            taken = await shadow.take(tx, part, places[part], step)
        if taken:
            places[part] = step.to
            return True
        # Another process rebuilds too, began anew, or has swapped the shadow in already.
        now = (await shadow.places(self.database)).at.get(part)
        places[part] = now or places[part]
        return now is not None

    async def _total(self) -> int:
        rows = await self.database.fetch(
            "select coalesce(sum(seq), 0)::bigint as seq from partition_owner where topic = $1",
            self.topic,
        )
        return int(rows[0]["seq"])

    async def _swap(self) -> int | None:
        """Swap and tell how far; None where the live table is ahead, so more must be filled."""
        live, shadow = Target.live(self.projection), Target.shadow(self.projection)
        async with self.database.transaction() as tx:
            await tx.execute(LOCK, self.projection.name)
            await tx.execute(ROWS, live.progress, 0, self.partitions)
            # From here on the projectors wait, so nothing is projected into the old table.
            before = await live.places(tx, lock=True)
            self._refuse_older(before)
            filled = await shadow.places(tx, lock=True)
            if filled.version != self.projection.version:
                # Another process has swapped; what it put in place is what was asked for.
                return sum(place.seq for place in before.at.values())
            for part, place in filled.at.items():
                step = await read_ledger(tx, self.projection, self.topic, part, place)
                if step is not None and await shadow.take(tx, part, place, step):
                    filled.at[part] = step.to
                    if step.to.seq < before.at[part].seq:
                        return None
            await self._replace(tx, live, shadow)
        return sum(place.seq for place in filled.at.values())

    async def _replace(self, tx: Queries, live: Target, shadow: Target) -> None:
        for grant in await tx.fetch(GRANTS.format(shadow=shadow.table), live.table):
            await tx.execute(grant["statement"])
        await tx.execute(SWAP, live.progress, shadow.progress)
        await tx.execute("delete from projection_progress where projection = $1", shadow.progress)
        await tx.execute(f"drop table {live.table}")
        await tx.execute(f"alter table {shadow.table} rename to {live.table}")


async def _forget(tx: Queries, shadow: Target) -> None:
    await tx.execute("delete from projection_progress where projection = $1", shadow.progress)
    await tx.execute(f"drop table if exists {shadow.table}")
