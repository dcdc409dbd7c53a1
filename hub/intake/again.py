"""What is translated once more: parked records that are wanted, and ranges that are replayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.access.keyring import Keyring, SealError
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.audit.landings import decode
from hub.intake.meaning import Landed, read
from hub.intake.rounds import Replayed
from hub.ledger.wire import payload_of, unpack

SPAN = 5_000
"""Offsets that one line of the log's table may cover; how far to look for what became of a record."""

WANTED = """
select "offset", tenant, sealed, wanted, wanted_why from parked
 where topic = $1 and part = $2 and wanted is not null order by "offset" limit $3
"""
OPEN = """
select n, next_offset, to_offset from raw_replay
 where topic = $1 and part = $2 and done_at is null order by n limit 1
"""
LOGGED = """
select from_offset, body from landing
 where topic = $1 and part = $2 and to_offset > $3 and to_offset <= $5 and from_offset < $4
 order by n
"""
UNWANT = """
update parked set wanted = null, wanted_why = null, reason = $4
 where topic = $1 and part = $2 and "offset" = $3
"""
PARKED = """
select "offset" from parked where topic = $1 and part = $2 and "offset" >= $3 and "offset" < $4
"""


@dataclass(slots=True)
class Piece:
    """Records that were translated or parked before, in the order of their offsets."""

    landed: list[Landed]
    before: Mapping[int, str]
    """What had become of each."""
    given_up: Mapping[int, str] = field(default_factory=dict)
    """Those that a person ends, with the reason."""
    replayed: Replayed | None = None


@dataclass(slots=True)
class Again:
    """The second input of one partition; only its owner asks."""

    database: Database
    peek: Peek
    topic: str
    part: int
    _open: Any = None

    async def wanted(self, keyring: Keyring, limit: int) -> Piece | None:
        """Parked records that somebody wants tried or ended."""
        rows = await self.database.fetch(WANTED, self.topic, self.part, limit)
        rows = [row for row in rows if row["offset"] - rows[0]["offset"] < SPAN]
        if not rows:
            return None
        landed = [one for row in rows if (one := await self._opened(row, keyring))]
        ended = {r["offset"]: r["wanted_why"] or "" for r in rows if r["wanted"] == "give_up"}
        return Piece(landed, {one.offset: "parked" for one in landed}, ended)

    async def _opened(self, row: Any, keyring: Keyring) -> Landed | None:
        """The record of a row; one that was sealed with another key stays as it is."""
        try:
            return read(row["offset"], unpack(keyring.open(row["tenant"], row["sealed"])))
        except SealError as error:
            place = (self.topic, self.part, row["offset"])
            await self.database.execute(UNWANT, *place, f"{error}"[:1_000])
            return None

    async def has_replay(self) -> bool:
        """Whether a range waits to be replayed."""
        self._open = await self.database.fetchrow(OPEN, self.topic, self.part)
        return self._open is not None

    async def replay(self, stands: int, limit: int) -> Piece:
        """The next records of the oldest open range; nothing after where the partition stands."""
        first, until = self._open["next_offset"], min(self._open["to_offset"], stands)
        end = min(first + min(limit, SPAN), until)
        landed: list[Landed] = []
        if first < end:
            reading = self.peek.records(self.topic, self.part, first, end)
            landed = [read(record.offset, payload_of(record)) async for record in reading]
        before = dict.fromkeys((one.offset for one in landed), "translated")
        if landed:
            before |= await self._before(first, end)
        return Piece(landed, before, replayed=Replayed(self._open["n"], end, done=end >= until))

    async def _before(self, first: int, end: int) -> dict[int, str]:
        """What had become of the records: the log's last word, except where one is parked now."""
        place = (self.topic, self.part)
        found: dict[int, str] = {}
        for row in await self.database.fetch(LOGGED, *place, first, end, end + SPAN):
            found |= {one.offset: one.outcome for one in decode(row["body"])}
        for row in await self.database.fetch(PARKED, *place, first, end):
            found[row["offset"]] = "parked"
        return {offset: outcome for offset, outcome in found.items() if first <= offset < end}
