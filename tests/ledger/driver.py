"""Drives a real worker on real servers: start it, tell it, wait until it has decided, look."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.access.keyring import Keyring
from hub.adapters.kafka import KafkaSettings, apply_topics
from hub.adapters.postgres import Database, connect
from hub.ledger.worker import Worker
from hub.sdk.events import Outcome
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics
from schemas.base import Fact
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import place
from schemas.topics import dead_letters
from tests.ledger.counter import Counted, home_of

PARTITIONS = 2
PATIENCE = 8.0
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Told:
    """A record to publish."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(slots=True)
class Running:
    """A worker and the task that runs it."""

    worker: Worker
    task: "asyncio.Task[None]"

    async def stop(self) -> None:
        """End it as SIGTERM would."""
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.result()


async def eventually(
    check: Callable[[], Awaitable[object]], what: str, patience: float = PATIENCE
) -> None:
    """Wait until `check` gives something true."""
    deadline = time.monotonic() + patience
    while not (seen := await check()):
        assert time.monotonic() < deadline, f"{what}: not within {patience} s; last seen {seen!r}"
        await asyncio.sleep(0.03)


def told(  # noqa: PLR0913 - an event has as many parts, and a test changes one of them
    event: str,
    fact: Fact | bytes | None,
    *,
    tenant: str = "acme",
    connector: str = "till",
    kind: str | None = None,
    at: datetime | None = None,
    partition: int | None = None,
    more: Sequence[tuple[str, bytes]] = (),
) -> Told:
    """An event as a publisher sends it, to its home's partition unless told otherwise."""
    envelope = Envelope(
        id=event,
        source=source_of(tenant, connector),
        type=kind or (fact.TYPE if isinstance(fact, Fact) else Counted.TYPE),
        time=at or datetime.now(UTC),
        tenant=tenant,
    )
    home = home_of(fact.key, tenant) if isinstance(fact, Counted) else home_of(event, tenant)
    value = fact.model_dump_json(exclude_none=True).encode() if isinstance(fact, Fact) else fact
    where = place(home, PARTITIONS) if partition is None else partition
    return Told(where, home.encode(), value, [*to_headers(envelope), *more])


def count(event: str, key: str = "a", *, at: datetime | None = None, **asked: Any) -> Told:
    """A count of one."""
    return told(event, Counted(key=key, **asked), at=at)


def key_in(partition: int, stem: str = "k") -> str:
    """A counter that lives in a partition."""
    return next(
        f"{stem}{n}" for n in range(1000) if place(home_of(f"{stem}{n}"), PARTITIONS) == partition
    )


@dataclass(slots=True)
class Hub:
    """An installation with one processor, as many workers as the test starts, and a look inside."""

    settings: KafkaSettings
    dsn: str
    processor: Processor[Any]
    publisher: Any
    db: Database
    keyring: Keyring
    metrics: Metrics = field(default_factory=Metrics)
    running: list[Running] = field(default_factory=list)
    batch: int = 500
    balanced: bool = True
    """Whether the books are checked when the test ends."""

    async def start(self, **changed: Any) -> Running:
        """Start a worker."""
        database = await connect(changed.pop("dsn", self.dsn), size=PARTITIONS + 4)
        processor = changed.pop("processor", self.processor)
        worker = Worker(
            processor, self.settings, database, self.keyring, self.metrics, self.batch, **changed
        )

        async def run() -> None:
            try:
                await worker.run()
            finally:
                await database.close()

        started = Running(worker, asyncio.create_task(run()))
        self.running.append(started)
        return started

    async def stop(self) -> None:
        """Stop every worker."""
        for started in self.running:
            await started.stop()
        self.running.clear()

    # Telling

    async def tell(self, *records: Told) -> None:
        """Publish in this order."""
        waits = [
            await self.publisher.send(
                self.processor.reads.name,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=record.headers,
            )
            for record in records
        ]
        await asyncio.gather(*waits)

    async def told_all(self, *records: Told) -> None:
        """Publish, and wait until all is decided and published."""
        await self.tell(*records)
        await self.settled()

    # Waiting

    async def settled(self, patience: float = PATIENCE) -> None:
        """Wait until nothing waits on the topic, and what was decided stands on Kafka."""
        ends = await self.ends()

        async def done() -> object:
            rows = await self.owners()
            left = {
                part: (rows.get(part) and dict(rows[part])) or "no owner"
                for part, end in ends.items()
                if end
                and (
                    part not in rows
                    or rows[part]["next_offset"] < end
                    or rows[part]["published_seq"] < rows[part]["seq"]
                )
            }
            letters = await self.db.fetchval("select count(*) from letter")
            if left or letters:
                return None
            now = await self.ends()
            moved = now != ends
            ends.update(now)
            return not moved

        try:
            await eventually(done, f"settled at {ends}", patience)
        except AssertionError as error:
            rows = await self.owners()
            found = {part: dict(row) for part, row in rows.items()}
            states = Counter(row["state"] for row in await self.items())
            raise AssertionError(f"{error}; owners {found}; items {states}") from error

    async def until(self, sql: str, what: str, *values: object, patience: float = PATIENCE) -> None:
        """Wait until a query gives something true."""
        await eventually(lambda: self.db.fetchval(sql, *values), what, patience)

    async def claimed(self) -> None:
        """Wait until every partition has an owner."""
        sql = "select count(*) = $2 from partition_owner where topic = $1 and epoch > 0"
        await self.until(sql, "claimed", self.processor.reads.name, PARTITIONS)

    # Looking

    async def ends(self) -> dict[int, int]:
        """The end of each partition of the intake topic."""
        return (await self.bounds(self.processor.reads.name))[1]

    async def bounds(self, topic: str) -> tuple[dict[int, int], dict[int, int]]:
        """First and end offset of each partition."""
        async with self._reader() as reader:
            tps = [TopicPartition(topic, part) for part in range(PARTITIONS)]
            first, end = await reader.beginning_offsets(tps), await reader.end_offsets(tps)
        return {tp.partition: n for tp, n in first.items()}, {
            tp.partition: n for tp, n in end.items()
        }

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Any]:
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.settings.bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
            isolation_level="read_committed",
        )
        await reader.start()
        try:
            yield reader
        finally:
            await reader.stop()

    async def read(self, topic: str) -> list[Any]:
        """Every record of a topic, by partition and offset."""
        async with self._reader() as reader:
            tps = [TopicPartition(topic, part) for part in range(PARTITIONS)]
            reader.assign(tps)
            ends = await reader.end_offsets(tps)
            found: list[Any] = []
            while any([await reader.position(tp) < ends[tp] for tp in tps]):
                for records in (await reader.getmany(timeout_ms=200)).values():
                    found += records
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def status(self) -> list[Any]:
        """What was decided, as the world reads it."""
        return await self.read(self.processor.writes.name)

    async def dead_letters(self) -> list[Any]:
        """What outsiders see of the dead letters."""
        return await self.read(dead_letters(self.processor.reads).name)

    async def owners(self) -> dict[int, Any]:
        """The owner rows by partition."""
        sql = "select * from partition_owner where topic = $1 order by part"
        return {row["part"]: row for row in await self.db.fetch(sql, self.processor.reads.name)}

    async def outcomes(self) -> dict[str, int]:
        """What became of every event, over all partitions; only what is not 0."""
        totals: Counter[str] = Counter()
        for row in (await self.owners()).values():
            totals.update({str(outcome): row[str(outcome)] for outcome in Outcome})
        return {name: n for name, n in totals.items() if n}

    async def items(self) -> list[Any]:
        """The open items in the order of their offsets."""
        sql = 'select * from item where topic = $1 order by part, "offset"'
        return await self.db.fetch(sql, self.processor.reads.name)

    async def applied(self, key: str = "a", tenant: str = "acme") -> list[str]:
        """The events a counter has applied, in their order."""
        sql = "select doc from counter where id = $1 and doc is not null"
        doc = await self.db.fetchval(sql, home_of(key, tenant))
        return list(json.loads(doc)["seen"]) if doc else []

    async def total(self, key: str = "a", tenant: str = "acme") -> int:
        """What a counter stands at."""
        found = await self.db.fetchval(
            "select total from counter where id = $1", home_of(key, tenant)
        )
        return int(found or 0)

    async def stopped(self, reason: str) -> None:
        """Wait until a partition is stopped for a reason that reads like this."""
        sql = "select count(*) > 0 from partition_owner where stopped_reason like $1"
        await self.until(sql, f"stopped for {reason}", f"%{reason}%")

    # Asking for items

    async def want(self, event: str, wanted: str, why: str = "") -> None:
        """Ask for a redrive or give-up as the tools do."""
        done = await self.db.execute(
            "update item set wanted = $2, wanted_why = $3, version = version where event_id = $1",
            event,
            wanted,
            why,
        )
        assert done == "UPDATE 1", f"{event}: {done}"

    # The books

    async def check_books(self) -> None:
        """Every accepted event is in exactly one outcome, and the wire has no gap."""
        if not self.balanced:
            return
        if self.running:
            await self.settled()
        owners = await self.owners()
        for part, row in owners.items():
            counted = sum(row[str(outcome)] for outcome in Outcome)
            assert row["next_offset"] - row["first_offset"] == counted, dict(row)
            assert all(row[str(outcome)] >= 0 for outcome in Outcome), dict(row)
            items = Counter(item["state"] for item in await self.items() if item["part"] == part)
            for state in ("retrying", "held", "dead_lettered"):
                assert row[state] == items[state], f"{state} of {part}: {row[state]}, {items}"
        early = sum(row["early"] for row in owners.values())
        assert early == await self._waiting(), "early events are those in the waiting lists"
        last: dict[int, int] = {}
        for record in await self.status():
            seq = int(dict(record.headers)["hub-seq"])
            expected = last.get(record.partition, 0) + 1
            assert seq <= expected, f"the wire jumps from {expected - 1} to {seq}"
            last[record.partition] = max(seq, expected - 1)
        assert last == {part: row["seq"] for part, row in owners.items() if row["seq"]}

    async def _waiting(self) -> int:
        head = self.processor.head.table
        sql = f"select coalesce(sum(json_array_length(inbox->'waiting')), 0) from {head}"  # noqa: S608 - our own table
        return int(await self.db.fetchval(sql))


@asynccontextmanager
async def installation(
    settings: KafkaSettings, dsn: str, processor: Processor[Any], publisher: Any
) -> AsyncIterator[Hub]:
    """Topics and a pool to look with; every worker is stopped afterwards."""
    topics = (processor.reads, processor.writes, dead_letters(processor.reads))
    await apply_topics(settings, topics, partitions=PARTITIONS, replication=1)
    db = await connect(dsn, size=3)
    hub = Hub(settings, dsn, processor, publisher, db, Keyring(b"k" * 32))
    try:
        yield hub
    finally:
        await hub.stop()
        await db.close()
