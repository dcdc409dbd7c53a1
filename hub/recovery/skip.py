"""Go on after retention removed what was never decided: by a person, with a reason, counted."""

from dataclasses import dataclass

import orjson
import structlog

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.recovery.spot import NotPossibleError, Spot, reason_of

log = structlog.get_logger()

SKIP = """
with before as (
  select * from partition_owner where topic = $1 and part = $2 and next_offset < $3 for update),
own as (
  update partition_owner o
     set epoch = o.epoch + 1, stepped_over = o.stepped_over + $3 - before.next_offset,
         next_offset = $3, stopped_reason = null, claimed_by = null
    from before where o.topic = before.topic and o.part = before.part
  returning o.epoch, before.next_offset, o.seq)
insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, body)
select $1, $2, 'skip', epoch, next_offset, $3, seq + 1, seq, $4 from own
returning from_offset
"""

SKIP_RAW = """
with before as (
  select * from landing_owner where topic = $1 and part = $2 and next_offset < $3 for update),
own as (
  update landing_owner o
     set epoch = o.epoch + 1, stepped_over = o.stepped_over + $3 - before.next_offset,
         next_offset = $3, claimed_by = null
    from before where o.topic = before.topic and o.part = before.part
  returning before.next_offset)
select next_offset from own
"""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was stepped over."""

    from_offset: int
    to_offset: int

    @property
    def count(self) -> int:
        """How many offsets."""
        return self.to_offset - self.from_offset


async def skip(database: Database, kafka: Peek, to: Spot, why: str) -> Skipped:
    """Let a partition go on at `to`; whatever was before it is gone.

    Its owner is fenced by the raised epoch and claims again by itself.

    Raises:
        NotPossibleError: `to` would pass records that still can be decided, or no reason was given.

    """
    reason = reason_of(why, "skipping")
    await _check(kafka, to, "decided")
    body = orjson.dumps({"why": reason}) + b"\n"
    return _skipped(to, await database.fetchval(SKIP, *to, body))


async def skip_raw(database: Database, kafka: Peek, to: Spot, why: str) -> Skipped:
    """Let a partition of a raw topic go on at `to`; whatever was before it is gone.

    Raises:
        NotPossibleError: `to` would pass records that still can be translated, or no reason was given.

    """
    reason = reason_of(why, "skipping")
    await _check(kafka, to, "translated")
    skipped = _skipped(to, await database.fetchval(SKIP_RAW, *to))
    log.warning(
        "raw.skipped", topic=to.topic, offsets=skipped.count, to_offset=to.offset, why=reason
    )
    return skipped


async def _check(kafka: Peek, to: Spot, done: str) -> None:
    topic, partition, offset = to
    first, _ = await kafka.bounds(topic, partition)
    if offset > first:
        message = (
            f"{topic}[{partition}] keeps everything from {first} on, so skipping to {offset} would"
            f" lose what can be {done}; skip to {first}"
        )
        raise NotPossibleError(message)


def _skipped(to: Spot, from_offset: int | None) -> Skipped:
    if from_offset is None:
        where = f"{to.topic}[{to.partition}]"
        message = f"{where} stands at {to.offset} or after it already; there is nothing to skip"
        raise NotPossibleError(message)
    return Skipped(from_offset, to.offset)
