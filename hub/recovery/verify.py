"""The hub's own check of its promises: every accepted event is somewhere, and all tables agree."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.adapters.postgres.database import Queries
from hub.ledger.entries import SEQ_HEADER
from hub.recovery.claim_promises import Broken
from hub.recovery.deep import Replay
from hub.recovery.figures import (
    OUTCOMES,
    STATES,
    PartitionFigures,
    Progress,
    partition_count,
    read_partitions,
    read_progress,
)
from hub.recovery.verify_claims import TABLE, broken_claims
from hub.sdk.processor import Processor
from hub.sdk.projection import Projection
from schemas.refs import place

PATIENCE_SECONDS = 15.0
"""How long what was decided at the moment of the check may take to reach Kafka and projections."""

SNAPSHOT = (
    "set transaction isolation level repeatable read, read only",
    "set local statement_timeout = '10min'",
    "set local idle_in_transaction_session_timeout = '10min'",
)
WAITING = """
select id, json_array_length(inbox->'waiting') as n from {head}
 where json_array_length(inbox->'waiting') > 0
"""
NAMES = """
select n.kind, n.tenant, n.value, n.id, n.home from name n
 where ($1::text[] is null or n.kind = any($1)) and n.kind <> all($2::text[])
   and (not exists (select 1 from {head} h where h.id = n.home)
        {unknown})
"""
UNKNOWN = "not exists (select 1 from {part} p where p.id = n.id and p.home = n.home)"
ORPHANS = """
select p.id from {part} p
 where split_part(p.id, '_', 2) <> p.home
    -- Version 0 was founded by another home's decision, and its own has not heard of it yet.
    or p.version > 0 and not exists (select 1 from {head} h where h.id = p.home and h.tenant = p.tenant)
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not hold."""

    check: str
    where: str
    found: str


@dataclass(slots=True)
class Report:
    """What was checked, the figures of the whole, and what does not hold."""

    topic: str
    figures: dict[str, int]
    partitions: list[dict[str, object]]
    problems: list[Problem] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return not self.problems

    def as_json(self) -> dict[str, object]:
        """For scripts: every figure by a plain name."""
        problems = [
            {"check": one.check, "where": one.where, "found": one.found} for one in self.problems
        ]
        return {"holds": self.holds, "topic": self.topic, **self.figures, "problems": problems}

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """For people: names, a row a partition, the sum; outcomes that never occurred are left out."""
        seen = [name for name in OUTCOMES if self.figures[name]]
        names = ["partition", "accepted", *seen, "waiting", "unaccounted"]
        rows = [[str(row[name]) for name in names] for row in self.partitions]
        return names, [*rows, ["all", *(str(self.figures[name]) for name in names[1:])]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tables at one moment."""

    partitions: Sequence[PartitionFigures]
    progress: Sequence[Progress]
    waiting: Counter[int]
    """Early events by partition."""
    misnamed: Sequence[Any]
    orphans: Sequence[str]
    claims: int
    broken: Sequence[Broken]
    """What does not hold of claims."""


@dataclass(slots=True)
class Verifier:
    """Checks one processor's ledger, rows and topics."""

    database: Database
    kafka: Peek
    processor: Processor[Any]
    projections: Sequence[Projection]
    patience: float = PATIENCE_SECONDS
    _problems: list[Problem] = field(default_factory=list)

    async def run(self, *, deep: bool = False) -> Report:
        """Check everything; `deep` replays the status topic too."""
        self._problems = []
        snapshot = await self._snapshot()
        rows = [await self._partition(one, snapshot) for one in snapshot.partitions]
        self._check_rows(snapshot)
        await self._check_reached(snapshot)
        figures = {
            name: sum(int(str(row[name])) for row in rows)
            for name in ("accepted", *OUTCOMES, "waiting", "unaccounted")
        }
        figures |= {"claims": snapshot.claims} if snapshot.claims else {}
        if deep:
            replay = Replay(self.database, self.kafka, self.processor, self.patience)
            for check, where, found in await replay.run(partition_count(snapshot.partitions)):
                self._say(check, where, found)
            figures |= replay.figures
        return Report(self.processor.reads.name, figures, rows, self._problems)

    def _say(self, check: str, where: str, found: str) -> None:
        self._problems.append(Problem(check, where, found))

    async def _snapshot(self) -> Snapshot:
        head = self.processor.head.table
        async with self.database.transaction() as tx:
            for setting in SNAPSHOT:
                await tx.execute(setting)
            partitions = await read_partitions(tx, self.processor.reads.name)
            waiting: Counter[int] = Counter()
            # Not the number of rows: a partition that nobody claimed yet has none.
            count = partition_count(partitions) or 1
            for row in await tx.fetch(WAITING.format(head=head)):
                waiting[place(row["id"], count)] += row["n"]
            return Snapshot(
                partitions,
                await read_progress(tx),
                waiting,
                await self._misnamed(tx),
                await self._orphans(tx),
                *await self._claims(tx),
            )

    async def _claims(self, tx: Queries) -> tuple[int, list[Broken]]:
        has_claims = any(part.table == TABLE for part in self.processor.parts)
        return await broken_claims(tx) if has_claims else (0, [])

    async def _misnamed(self, tx: Queries) -> list[Any]:
        unknown = " and ".join(UNKNOWN.format(part=part.table) for part in self.processor.parts)
        unknown = f"or n.id <> n.home and {unknown}" if unknown else ""
        kinds = None if self.processor.names is None else sorted(self.processor.names)
        sql = NAMES.format(head=self.processor.head.table, unknown=unknown)
        return await tx.fetch(sql, kinds, sorted(self.processor.ahead))

    async def _orphans(self, tx: Queries) -> list[str]:
        head = self.processor.head.table
        return [
            row["id"]
            for part in self.processor.parts
            for row in await tx.fetch(ORPHANS.format(part=part.table, head=head))
        ]

    async def _partition(self, one: PartitionFigures, snapshot: Snapshot) -> dict[str, object]:
        topic = self.processor.reads.name
        where = f"{topic}[{one.partition}]"
        _, end = await self.kafka.bounds(topic, one.partition)
        if end < one.next_offset:
            found = f"the log ends at {end}, the ledger stands at {one.next_offset}"
            self._say("the log reaches as far as the ledger", where, found)
        if one.unaccounted:
            found = f"{one.unaccounted} events passed are in no outcome"
            self._say("every event passed is in one outcome", where, found)
        for state in STATES:
            if one.outcomes[state] != one.rows[state]:
                found = f"{one.outcomes[state]} counted, {one.rows[state]} rows"
                self._say(f"{state} counts the open items", where, found)
        if one.outcomes["early"] != snapshot.waiting[one.partition]:
            found = f"{one.outcomes['early']} counted, {snapshot.waiting[one.partition]} waiting"
            self._say("early counts the waiting lists", where, found)
        if one.stopped_reason is not None:
            self._say("the partition is not stopped", where, one.stopped_reason)
        return {
            "partition": one.partition,
            "accepted": max(end, one.next_offset) - one.first_offset,
            **one.outcomes,
            "waiting": max(0, end - one.next_offset),
            "unaccounted": one.unaccounted,
        }

    def _check_rows(self, snapshot: Snapshot) -> None:
        if not snapshot.partitions:
            found = "no partition was ever claimed; start `hub process`"
            self._say("the ledger has begun", self.processor.reads.name, found)
        for row in snapshot.misnamed:
            found = f"points to {row['id']} in home {row['home']}, which is not there"
            self._say("every name points to a row of its home", f"{row['kind']} name", found)
        for orphan in snapshot.orphans:
            self._say("every row lives in the home its id carries", orphan, "it does not")
        for one in snapshot.broken:
            self._say(*one)

    async def _check_reached(self, snapshot: Snapshot) -> None:
        deadline = time.monotonic() + self.patience
        while missing := await self._not_reached(snapshot):
            if time.monotonic() > deadline:
                self._problems += missing
                return
            await asyncio.sleep(0.25)

    async def _not_reached(self, snapshot: Snapshot) -> list[Problem]:
        """Where Kafka or a projection is still behind the snapshot, or ahead of the ledger."""
        topic, status = self.processor.reads.name, self.processor.writes.name
        missing = []
        now = {one.partition: one for one in await read_partitions(self.database, topic)}
        for one in snapshot.partitions:
            record = await self.kafka.last_record(status, one.partition)
            tail = int(dict(record.headers).get(SEQ_HEADER, b"0")) if record else 0
            published = now[one.partition].published_seq
            if min(tail, published) < one.seq:
                found = f"decided {one.seq}, on the topic {tail}, known as published {published}"
                where = f"{status}[{one.partition}]"
                missing.append(Problem("what was decided is published", where, found))
        return missing + await self._not_projected(snapshot, now)

    async def _not_projected(
        self, snapshot: Snapshot, now: dict[int, PartitionFigures]
    ) -> list[Problem]:
        stands = {(p.projection, p.partition): p.seq for p in await read_progress(self.database)}
        missing = []
        for projection in self.projections:
            for one in snapshot.partitions:
                seq = stands.get((projection.name, one.partition), 0)
                newest = max(now[one.partition].seq, one.seq)
                if not one.seq <= seq <= newest:
                    found = f"stands at {seq}, the ledger at {one.seq}"
                    where = f"{projection.name}[{one.partition}]"
                    missing.append(Problem("projections follow the ledger", where, found))
        return missing
