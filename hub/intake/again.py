"""What is translated once more: records that wait, when it is their turn, and ranges that are replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.access.keyring import Keyring
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.intake.logged import logged
from hub.intake.meaning import Landed, kept_key, key_of, read
from hub.intake.rounds import SPAN, Before, Replayed
from hub.ledger.breakers import Dependency
from hub.ledger.due import StoredItem, due_items, opened
from hub.ledger.wire import payload_of

OPEN = """
select n, next_offset, to_offset, tenant, source from raw_replay
 where topic = $1 and part = $2 and done_at is null order by n limit 1
"""
ITEMS = """
select "offset", state, version, on_hold is not null or wanted = 'give_up' as is_kept from item
 where topic = $1 and part = $2 and "offset" >= $3 and "offset" < $4
"""


@dataclass(slots=True)
class Piece:
    """A piece of a range that is replayed, in the order of its offsets."""

    landed: Sequence[Landed]
    before: Mapping[int, Before]
    replayed: Replayed


@dataclass(slots=True)
class Again:
    """The second input of one partition; only its owner asks."""

    database: Database
    peek: Peek
    topic: str
    part: int
    _open: Any = None

    async def due(
        self, keyring: Keyring, loose: list[str], limit: int, probes: Sequence[Dependency]
    ) -> list[tuple[StoredItem, Landed]]:
        """Items to try or to end now, in the order of their keys and offsets."""
        found = await due_items(self.database, self.topic, self.part, loose, limit, probes)
        place = (self.topic, self.part)
        return [
            (item, read(item.row.offset, payload, kept_key(payload)))
            for item, payload in await opened(self.database, keyring, *place, found)
        ]

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
            found = [read(one.offset, payload_of(one), key_of(one)) async for one in reading]
            landed = [one for one in found if self._is_asked(one)]
        before = {one.offset: Before("translated") for one in landed}
        kept: set[int] = set()
        if landed:
            known, kept = await self._before(first, end)
            before |= known
        # What waits is translated with today's mapping when its turn comes.
        kept |= {at for at, one in before.items() if one.outcome in ("retrying", "held")}
        landed = [one for one in landed if one.offset not in kept]
        return Piece(landed, before, Replayed(self._open["n"], end, done=end >= until))

    def _is_asked(self, one: Landed) -> bool:
        """Whether the replay is of its tenant and of its source."""
        return self._open["tenant"] in (None, one.tenant) and self._open["source"] in (
            None,
            one.source,
        )

    async def _before(self, first: int, end: int) -> tuple[dict[int, Before], set[int]]:
        """What had become of the records, and which of them a person holds back or ends.

        The log has the last word, except where one is an item now.
        """
        place = (self.topic, self.part)
        found: dict[int, Before] = {}
        for offset, line in (await logged(self.database, *place, first, end)).items():
            found[offset] = Before(line.outcome)
        rows = await self.database.fetch(ITEMS, *place, first, end)
        found |= {row["offset"]: Before(row["state"], row["version"]) for row in rows}
        return found, {row["offset"] for row in rows if row["is_kept"]}
