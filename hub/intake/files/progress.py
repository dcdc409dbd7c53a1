"""How far a file is: a row that moves together with what its rows left behind, under the lease."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from hub.adapters.postgres import Database
from hub.adapters.postgres.leases import Lease
from hub.intake.files.reading import Job

# A lease that is taken over in this moment is waited for, and then seen.
OWN = """own as (
  select 1 from lease
   where door = 'files' and tenant = $1 and source = $2 and epoch = $3 for update)"""
COLUMNS = """digest, name, taken, reading, state, records, rows, line, result_bytes, figures, kept,
  reason, size, lines, begun_at, changed_at"""
OF_TAKING = f"""
select {COLUMNS} from file_progress where tenant = $1 and source = $2 and taken = $3
"""  # noqa: S608 - every value is a parameter
BEGIN = f"""
with {OWN}
insert into file_progress as f (tenant, source, epoch, digest, name, taken, reading, size, lines, state)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, 'working' from own
on conflict (tenant, source, digest) do update
   set epoch = excluded.epoch, name = excluded.name, taken = excluded.taken,
       reading = excluded.reading, size = excluded.size, lines = excluded.lines, state = 'working',
       records = 0, rows = 0, line = 0, result_bytes = 0, figures = '{{}}', kept = '', reason = '',
       begun_at = clock_timestamp(), changed_at = clock_timestamp()
returning {COLUMNS}
"""  # noqa: S608 - every value is a parameter
MOVE = """
with own as (
  update lease set held_until = clock_timestamp() + make_interval(secs => $4)
   where door = 'files' and tenant = $1 and source = $2 and epoch = $3 returning 1),
moved as (
  update file_progress
     set epoch = $3, records = $7, rows = $8, line = $9, result_bytes = $10, figures = $11,
         changed_at = clock_timestamp()
   where tenant = $1 and source = $2 and digest = $5 and records = $6 and state = 'working'
     and exists (select 1 from own)
  returning 1),
landed as (
  insert into landing (topic, part, epoch, from_offset, to_offset, body)
  select $12, 0, $3, $6, $7, $13 from moved),
told as (
  -- The result file tells from here on, and homes recognise what comes again.
  delete from request where id = any($14::text[]) and exists (select 1 from moved))
select count(*) as moved from moved
"""
LOST = f"""
with {OWN}
update file_progress set epoch = $3, state = 'refused', reason = $5, changed_at = clock_timestamp()
 where tenant = $1 and source = $2 and state = 'working' and taken <> all($4::text[])
   and exists (select 1 from own)
"""  # noqa: S608 - every value is a parameter
END = f"""
with {OWN}
update file_progress
   set epoch = $3, state = $5, kept = $6, reason = $7, changed_at = clock_timestamp()
 where tenant = $1 and source = $2 and digest = $4 and exists (select 1 from own)
returning {COLUMNS}
"""  # noqa: S608 - every value is a parameter


@dataclass(frozen=True, slots=True)
class Found:
    """A file's row."""

    digest: str
    name: str
    taken: str
    reading: str
    """By which revision of the connector and version of the source it is read."""
    state: str
    records: int
    rows: int
    line: int
    result_bytes: int
    figures: dict[str, Any]
    kept: str
    """The name under which it ended."""
    reason: str
    size: int
    lines: int
    begun_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        """From the columns of `OF_TAKING`."""
        return cls(**{**row, "figures": json.loads(row["figures"])})


@dataclass(frozen=True, slots=True)
class Step:
    """Records from one number up to another, answered in the result file."""

    from_record: int
    to_record: int
    rows: int
    line: int
    result_bytes: int
    figures: dict[str, Any]
    landings: bytes
    requests: list[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """The rows of one source's files, as the holder of its lease may change them."""

    database: Database
    lease: Lease

    async def of_taking(self, taken: str) -> Found | None:
        """What is known of something that was taken."""
        tenant, source, _ = self.lease.owner
        row = await self.database.fetchrow(OF_TAKING, tenant, source, taken)
        return None if row is None else Found.of(row)

    async def begin(  # noqa: PLR0913, PLR0917 - the columns of a row
        self, digest: str, name: str, taken: str, reading: str, size: int, lines: int
    ) -> Found:
        """Begin a file from its first record."""
        what = (digest, name, taken, reading, size, lines)
        return self._changed(await self._row(BEGIN, *what))

    async def move(self, job: Job, step: Step) -> None:
        """Say that the rows up to there are answered, and log what was landed.

        Raises:
            LeaseLostError: the folder is somebody else's by now; nothing was changed.

        """
        to = (step.to_record, step.rows, step.line, step.result_bytes, json.dumps(step.figures))
        rest = (job.log, step.landings, step.requests)
        row = await self._row(MOVE, self.lease.seconds, job.digest, step.from_record, *to, *rest)
        if row["moved"] != 1:
            raise self.lease.lost()

    async def lost(self, there: list[str], reason: str) -> None:
        """End every file that is said to be worked on and is not among these takings."""
        await self.database.execute(LOST, *self.lease.owner, there, reason)

    async def end(self, found: Found, state: str, kept: str, reason: str) -> Found:
        """Say how it ended."""
        return self._changed(await self._row(END, found.digest, state, kept, reason))

    async def _row(self, sql: str, *values: object) -> Any:
        return await self.database.fetchrow(sql, *self.lease.owner, *values)

    def _changed(self, row: Any) -> Found:
        if row is None:
            raise self.lease.lost()
        return Found.of(row)
