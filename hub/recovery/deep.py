"""Replays a status topic and compares where each warranty ended up with its row, and what endpoints are told."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hub.adapters.kafka import Peek, Record
from hub.adapters.postgres import Database
from hub.ledger.entries import EPOCH_HEADER, SEQ_HEADER
from hub.recovery.deep_deliveries import CHECK, Deliveries, Wanted
from hub.sdk.processor import Processor

STATUS_AFTER = {
    "warranty.activated.v1": "covered",
    "warranty.reinstated.v1": "covered",
    "warranty.ended.v1": "ended",
}
"""What a unit's status is after the last such event about it."""
JUMPS = """
select part, from_seq, to_seq, epoch from ledger where topic = $1 and kind = 'jump'
"""
UNITS = "select id, status from unit where id = any($1::text[])"
CHUNK = 5_000
MOST = 100
"""Of one promise, so many are named."""

Finding = tuple[str, str, str]
"""Which promise, where, and what was found instead."""


@dataclass(frozen=True, slots=True)
class Void:
    """Sequence numbers decided by a ledger that was lost when Postgres went back."""

    part: int
    from_seq: int
    to_seq: int
    epoch: int


@dataclass(slots=True)
class Replay:
    """Reads every partition of the status topic as an outsider would."""

    database: Database
    kafka: Peek
    processor: Processor[Any]
    patience: float
    figures: dict[str, int] = field(default_factory=dict)
    _voids: list[Void] = field(default_factory=list)
    _next: dict[int, int] = field(default_factory=dict)
    _seq: dict[int, int] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _status: dict[str, str] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)
    _findings: list[Finding] = field(default_factory=list)
    _deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        """Look at endpoints, too."""
        self._deliveries = Deliveries(self.database)

    async def run(self, partitions: int) -> list[Finding]:
        """Replay to the end and what comes meanwhile; gives what still differs then."""
        self.figures = {"replayed": 0, "repeated": 0, "lost": 0, "duplicated": 0}
        self._voids = [Void(**dict(row)) for row in await self._jumps()]
        deadline = time.monotonic() + self.patience
        await self._deliveries.begin()
        doubtful: set[str] = set()
        untold: set[Wanted] = set()
        while True:
            for part in range(partitions):
                await self._read(part)
            doubtful, self._fresh = await self._differing(doubtful | self._fresh), set()
            untold = await self._deliveries.missing(untold)
            if not (doubtful or untold) or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        self.figures["warranties"] = len(self._status)
        self.figures["disagreeing"] = len(doubtful)
        told = [("unit rows agree with the status topic", one, "they differ") for one in doubtful]
        missing = [(CHECK, where, f"{event} is none") for _, event, where in untold]
        return self._findings + sorted(told)[:MOST] + sorted(missing)[:MOST]

    async def _jumps(self) -> list[Any]:
        return await self.database.fetch(JUMPS, self.processor.reads.name)

    async def _read(self, part: int) -> None:
        topic = self.processor.writes.name
        first, end = await self.kafka.bounds(topic, part)
        async for record in self.kafka.records(topic, part, self._next.get(part, first), end):
            self._take(part, record)
        self._next[part] = end

    def _take(self, part: int, record: Record) -> None:
        headers = dict(record.headers)
        seq, epoch = int(headers.get(SEQ_HEADER, b"0")), int(headers.get(EPOCH_HEADER, b"0"))
        last = self._seq.get(part)
        if last is not None and seq <= last:
            self.figures["repeated"] += 1
            return
        if last is not None and seq > last + 1:
            self.figures["lost"] += seq - last - 1
            self._find("the wire never skips", part, f"{seq} follows {last}")
        self._seq[part] = seq
        self.figures["replayed"] += 1
        if any(
            v.part == part and v.from_seq <= seq <= v.to_seq and epoch < v.epoch
            for v in self._voids
        ):
            return
        self._apply(part, headers)
        self._deliveries.take(record, headers)

    def _apply(self, part: int, headers: dict[str, bytes]) -> None:
        event = headers.get("ce_id", b"").decode()
        if event in self._ids:
            self.figures["duplicated"] += 1
            self._find("no event is said twice", part, event)
        self._ids.add(event)
        status = STATUS_AFTER.get(headers.get("ce_type", b"").decode())
        if status is not None:
            subject = headers["ce_subject"].decode()
            self._status[subject] = status
            self._fresh.add(subject)

    def _find(self, check: str, part: int, found: str) -> None:
        self._findings.append((check, f"{self.processor.writes.name}[{part}]", found))

    async def _differing(self, warranties: set[str]) -> set[str]:
        differing: set[str] = set()
        for chunk in _chunks(sorted(warranties)):
            rows = {row["id"]: row["status"] for row in await self.database.fetch(UNITS, chunk)}
            differing |= {one for one in chunk if rows.get(one) != self._status[one]}
        return differing


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
