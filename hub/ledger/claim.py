"""Claiming a partition: take the next epoch, after checking that the world is the one we remember."""

import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hub.access.keyring import Keyring, KeysGoneError
from hub.adapters.kafka import Message, Outlet, Peek, Record
from hub.adapters.postgres import Database
from hub.domain.errors import HubError
from hub.ledger import wire
from hub.ledger.entries import EPOCH_HEADER, SEQ_HEADER, decode, messages
from hub.ledger.queues import Queues
from hub.ledger.standing import Standing
from hub.sdk.processor import Processor

OWNER = "select * from partition_owner where topic = $1 and part = $2"
FOUND = """
insert into partition_owner
  (topic, part, epoch, first_offset, next_offset, seq, published_seq, partition_count, code_version)
values ($1, $2, 0, $3, $3, $4, $4, $5, $6) on conflict do nothing"""
CLAIM = """
update partition_owner
   set epoch = greatest(epoch + 1, $3), code_version = $4, claimed_by = $5, claimed_at = clock_timestamp(),
       stopped_reason = null
 where topic = $1 and part = $2 and epoch = $6 and code_version <= $4
returning epoch, next_offset, seq, published_seq"""
STOPPED = "update partition_owner set stopped_reason = $3 where topic = $1 and part = $2"
JUMP = """
with jumped as (
  update partition_owner set seq = $4, published_seq = $4
   where topic = $1 and part = $2 and epoch = $3 returning next_offset)
insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, body)
select $1, $2, 'jump', $3, next_offset, next_offset, $5, $4, ''::bytea from jumped returning n"""
DECIDED_UNDER = """
select exists (select 1 from ledger where topic = $1 and part = $2 and kind = 'batch'
                  and to_seq >= $3 and from_seq <= $3 and epoch = $4 order by to_seq limit 1)"""
LETTERS = "select n, target_topic, target_part, tenant, sealed from letter where topic = $1 and part = $2 order by n"
UNPUBLISHED = """
select epoch, body from ledger where topic = $1 and part = $2 and to_seq > $3 and kind = 'batch' order by to_seq, n"""


class WorldChangedError(HubError):
    """Kafka or the code is not what the ledger remembers: do not touch this partition."""


class ClaimLostError(HubError):
    """Another worker claimed at the same moment; look again."""


class FencedError(HubError):
    """Another worker owns the partition now."""


@dataclass(slots=True)
class Claim:
    """The right to write a partition until somebody takes the next epoch."""

    epoch: int
    standing: Standing
    published: int
    went_back: bool


@dataclass(frozen=True, slots=True)
class Claimer:
    """What claiming needs, the same for every partition of a worker."""

    database: Database
    peek: Peek
    processor: Processor[Any]
    keyring: Keyring
    worker: str

    async def claim(self, part: int, partitions: int) -> Claim:
        """Take the partition.

        Raises:
            WorldChangedError: it must not be touched; the message says why and what to do.
            ClaimLostError: another worker was faster.

        """
        topic = self.processor.reads.name
        owner = await self._owner(part, partitions)
        try:
            await self._check(owner, part, partitions)
        except WorldChangedError as error:
            await self.database.execute(STOPPED, topic, part, str(error))
            raise
        tail_seq, tail_epoch = await self._tail(part)
        taken = await self.database.fetchrow(
            CLAIM,
            topic,
            part,
            tail_epoch + 1,
            self.processor.code_version,
            self.worker,
            owner["epoch"],
        )
        if taken is None:
            message = f"another worker claimed {topic}[{part}] first"
            raise ClaimLostError(message)
        seq = taken["seq"]
        # The wire is without a gap up to its last record, so all before that is there already.
        published = taken["published_seq"]
        if tail_seq > published and await self._is_ours(part, tail_seq, tail_epoch):
            published = tail_seq
        went_back = tail_seq > seq
        if went_back:
            # What stands on Kafka was decided by a ledger that is gone: continue after it.
            if not await self.database.fetch(JUMP, topic, part, taken["epoch"], tail_seq, seq + 1):
                message = f"another worker claimed {topic}[{part}] meanwhile"
                raise ClaimLostError(message)
            seq = published = tail_seq
        standing = Standing(part, partitions, seq, taken["next_offset"], letter=0)
        standing.queues = await Queues.load(self.database, topic, part)
        return Claim(taken["epoch"], standing, published, went_back)

    async def _owner(self, part: int, partitions: int) -> Any:
        topic = self.processor.reads.name
        owner = await self.database.fetchrow(OWNER, topic, part)
        if owner is None:
            first, _ = await self.peek.bounds(topic, part)
            await self.database.execute(
                FOUND, topic, part, first, 0, partitions, self.processor.code_version
            )
            owner = await self.database.fetchrow(OWNER, topic, part)
        return owner

    async def _check(self, owner: Any, part: int, partitions: int) -> None:
        topic = self.processor.reads.name
        if owner["code_version"] > self.processor.code_version:
            message = f"{topic}[{part}] was written by newer code (version {owner['code_version']}); deploy that"
            raise WorldChangedError(message)
        if owner["partition_count"] != partitions:
            message = (
                f"{topic} has {partitions} partitions but the ledger remembers {owner['partition_count']}; "
                "a keyed topic's partition count never changes"
            )
            raise WorldChangedError(message)
        first, end = await self.peek.bounds(topic, part)
        if first > owner["next_offset"]:
            message = (
                f"{topic}[{part}] starts at {first} but the ledger stands at {owner['next_offset']}: retention "
                f"removed what was never decided; `hub skip {topic} {part} --to {first} --reason …` goes on without it"
            )
            raise WorldChangedError(message)
        if end < owner["next_offset"]:
            message = f"{topic}[{part}] ends at {end}, before the ledger's {owner['next_offset']}: {_OTHER}"
            raise WorldChangedError(message)
        last = owner["last_offset"]
        if last is not None and last >= first:
            record = await self.peek.record(topic, part, last)
            if (
                record is None
                or record.offset != last
                or fingerprint(record) != owner["last_record"]
            ):
                message = f"{topic}[{part}] holds another record at {last} than the one last decided: {_OTHER}"
                raise WorldChangedError(message)

    async def _tail(self, part: int) -> tuple[int, int]:
        """Sequence number and epoch of the newest status event, 0 where there is none."""
        record = await self.peek.last_record(self.processor.writes.name, part)
        if record is None:
            return 0, 0
        headers = dict(record.headers)
        return int(headers.get(SEQ_HEADER, b"0")), int(headers.get(EPOCH_HEADER, b"0"))

    async def _is_ours(self, part: int, seq: int, epoch: int) -> bool:
        """Whether the wire's last event is the one the ledger has under that number.

        A worker of a ledger that is gone may still publish what was decided there.
        """
        topic = self.processor.reads.name
        return bool(await self.database.fetchval(DECIDED_UNDER, topic, part, seq, epoch))

    async def catch_up(self, claim: Claim, outlet: Outlet) -> int:
        """Publish what the ledger has and Kafka may lack; gives the last letter's number."""
        topic, part = self.processor.reads.name, claim.standing.part
        for row in await self.database.fetch(UNPUBLISHED, topic, part, claim.published):
            entries = list(decode(row["body"]))
            await outlet.send(self.processor.writes.name, part, messages(entries, row["epoch"]))
        claim.published = claim.standing.seq
        letters = await self.database.fetch(LETTERS, topic, part)
        lanes: dict[tuple[str, int], list[Message]] = {}
        for row in letters:
            # Of a merchant that was erased meanwhile nothing is sent, and nothing waits for it.
            with suppress(KeysGoneError):
                message = read_letter(await self.keyring.opened(row["tenant"], row["sealed"]))
                lanes.setdefault((row["target_topic"], row["target_part"]), []).append(message)
        if lanes:
            await outlet.send_all(lanes)
        return max((row["n"] for row in letters), default=0)


_OTHER = "this is another Kafka, or the topic was made again; point HUB_KAFKA at the cluster this database belongs to"


def fingerprint(record: Record) -> str:
    """What tells a record from another at the same offset of another cluster."""
    body = zlib.crc32(record.value or b"", zlib.crc32(record.key or b""))
    return f"{record.timestamp}:{body:08x}"


def open_letter(keyring: Keyring, tenant: str, sealed: bytes) -> Message:
    """The record a letter row stands for."""
    return read_letter(keyring.open(tenant, sealed))


def read_letter(body: bytes) -> Message:
    """The record that was packed into a letter."""
    return Message(*wire.unpack_letter(body))
