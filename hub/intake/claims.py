"""Claiming a partition of a raw topic: the next epoch, after checking that the world is the one remembered."""

from dataclasses import dataclass
from typing import Any

from hub.adapters.kafka import Feed, Peek
from hub.adapters.postgres import Database
from hub.ledger.claim import ClaimLostError, WorldChangedError, fingerprint
from hub.ledger.guard import Guard

OWNER = "select * from landing_owner where topic = $1 and part = $2"
FOUND = """
insert into landing_owner (topic, part, epoch, first_offset, next_offset) values ($1, $2, 0, $3, $3)
on conflict do nothing
"""
CLAIM = """
update landing_owner set epoch = epoch + 1, claimed_by = $4, claimed_at = clock_timestamp()
 where topic = $1 and part = $2 and epoch = $3
returning epoch, next_offset
"""
OTHER = (
    "this is another Kafka, or the topic was made again; "
    "point HUB_KAFKA at the cluster this database belongs to"
)


@dataclass(slots=True)
class Claim:
    """The right to translate a partition until somebody takes the next epoch."""

    part: int
    epoch: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Claimer:
    """What claiming needs, the same for every partition of a translator."""

    database: Database
    peek: Peek
    topic: str
    worker: str

    async def claim(self, part: int) -> Claim:
        """Take the partition.

        Raises:
            WorldChangedError: it must not be touched; the message says why and what to do.
            ClaimLostError: another translator was faster.

        """
        owner = await self.database.fetchrow(OWNER, self.topic, part)
        if owner is None:
            first, _ = await self.peek.bounds(self.topic, part)
            await self.database.execute(FOUND, self.topic, part, first)
            owner = await self.database.fetchrow(OWNER, self.topic, part)
        await self._check(owner, part)
        taken = await self.database.fetchrow(CLAIM, self.topic, part, owner["epoch"], self.worker)
        if taken is None:
            message = f"another translator claimed {self.topic}[{part}] first"
            raise ClaimLostError(message)
        return Claim(part, taken["epoch"], taken["next_offset"])

    async def _check(self, owner: Any, part: int) -> None:
        first, end = await self.peek.bounds(self.topic, part)
        expected, last = owner["next_offset"], owner["last_offset"]
        if first > expected:
            raise passed(self.topic, part, expected, first)
        if end < expected:
            message = (
                f"{self.topic}[{part}] ends at {end}, before the {expected} translated: {OTHER}"
            )
            raise WorldChangedError(message)
        if last is None or last < first:
            return
        record = await self.peek.record(self.topic, part, last)
        if record is None or record.offset != last or fingerprint(record) != owner["last_record"]:
            message = (
                f"{self.topic}[{part}] holds another record at {last} than the one last "
                f"translated: {OTHER}"
            )
            raise WorldChangedError(message)


@dataclass(slots=True)
class RawGuard(Guard):
    """The contiguity guard, which says what to do about a raw topic."""

    async def _check_kept(self, feed: Feed, part: int, offset: int) -> None:
        first, _ = await feed.bounds(part)
        if first > offset:
            raise passed(feed.topic, part, offset, first)


def passed(topic: str, part: int, expected: int, first: int) -> WorldChangedError:
    """Retention removed what was never translated."""
    message = (
        f"{topic}[{part}] now starts at {first}, but {expected} was not translated yet: retention "
        f"removed it; `hub skip-raw {topic} {part} --to {first} --reason …` goes on without it"
    )
    return WorldChangedError(message)
