"""Keeps every tenant's chain up to date: one process at a time for each partition of the audit topic.

A lease says who works; what keeps two from forking a chain is the lock on the chain's own row
(`hub/audit/linking.py`). Kafka may be away: rows are linked and heads signed all the same, and told to
the topic once it is back. The newest head is told again every day, so that the topic never forgets how
long a quiet chain is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from hub.adapters.kafka import KafkaSettings, Message, Outlet, partition_counts
from hub.adapters.postgres import Database
from hub.adapters.postgres.leases import Lease, LeaseLostError, Leases
from hub.audit.heads import Head, encode, stored
from hub.audit.linking import ChainError, Linker
from hub.audit.refusals import NOBODY
from hub.sdk.failures import (
    BrokerUnavailableError,
    DataRefusedError,
    DecideAgainError,
    StoreUnavailableError,
)
from hub.telemetry.metrics import Metrics
from schemas.refs import home, place

DOOR = "chain"
LEASE_SECONDS = 10.0
IDLE_SECONDS, LOOK_SECONDS, PAUSE_SECONDS = 0.5, 5.0, 2.0
BROKEN_SECONDS = 60.0
"""For so long a chain is left alone that could not be linked."""
SEND_LIMIT = 500
AWAY = (StoreUnavailableError, BrokerUnavailableError, DecideAgainError)

WAITING = """
with recursive waiting as (
  (select tenant from audit_entry where seq is null order by tenant limit 1)
  union all
  select (select e.tenant from audit_entry e where e.seq is null and e.tenant > w.tenant
           order by e.tenant limit 1)
    from waiting w where w.tenant is not null)
select w.tenant, extract(epoch from clock_timestamp() - first.added_at)::float8 as age
  from waiting w, lateral (
    select added_at from audit_entry e where e.seq is null and e.tenant = w.tenant order by e.n limit 1) first
 where w.tenant is not null
"""
UNSIGNED = """
select tenant from audit_chain
 where seq > head_seq and head_at <= clock_timestamp() - make_interval(secs => $1)
"""
# One row a tenant is looked at; heads, of which there is one more every minute, are read from a place on.
UNTOLD = """
select tenant, sent_seq, head_seq, sent_seq < head_seq as is_new from audit_chain
 where sent_seq < head_seq or sent_at < clock_timestamp() - interval '1 day' order by tenant
"""
HEADS = """
select h.* from unnest($1::text[], $2::bigint[]) as u(tenant, after) cross join lateral (
  select * from audit_head h where h.tenant = u.tenant and h.seq > u.after order by h.seq limit $3) h
 order by h.tenant, h.seq limit $3
"""
SENT = """
update audit_chain set sent_seq = greatest(sent_seq, $2), sent_at = clock_timestamp() where tenant = $1
"""

Work = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


def partition_of(tenant: str, partitions: int) -> int:
    """The partition of the audit topic that has a tenant's heads, and whose owner links its rows."""
    return place(home(tenant, "audit"), partitions)


@dataclass(slots=True)
class Chainer:
    """Links, signs and tells; any number may run."""

    linker: Linker
    kafka: KafkaSettings
    metrics: Metrics
    topic: str
    seconds: float = LEASE_SECONDS
    _partitions: int = 0
    _broken: dict[str, float] = field(default_factory=dict)
    _away: bool = False
    _outlet: Outlet = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the way to Kafka."""
        self._outlet = Outlet(self.kafka)

    @property
    def database(self) -> Database:
        """Where the chains are."""
        return self.linker.database

    def ready(self) -> tuple[bool, list[str]]:
        """Whether every chain that this process keeps can be linked, and which cannot."""
        problems = [f"the chain of {tenant} cannot be linked" for tenant in self._broken]
        problems += ["the chains of the audit wait for Postgres or Kafka"] if self._away else []
        return not problems, problems

    async def run(self) -> None:
        """Keep chains until cancelled."""
        try:
            while not self._partitions:
                await self._patiently(self._count)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._for_ever(self._look, LOOK_SECONDS))
                for part in range(self._partitions):
                    group.create_task(self._keep(part))
        finally:
            await self._outlet.stop()

    async def _count(self) -> None:
        counts = await partition_counts(self.kafka, [self.topic])
        if self.topic not in counts:
            raise BrokerUnavailableError(f"no topic {self.topic}; run: hub topics apply")
        self._partitions = counts[self.topic]

    async def _keep(self, part: int) -> None:
        leases = Leases(self.database, DOOR, self.seconds)

        async def hold() -> None:
            async with leases.held(NOBODY, f"{self.topic}/{part}") as lease:
                while lease is not None:
                    if not await self.turn(lease, part):
                        await asyncio.sleep(IDLE_SECONDS)

        await self._for_ever(hold, self.seconds / 3)

    async def _for_ever(self, work: Work, pause: float) -> None:
        while True:
            await self._patiently(work)
            await asyncio.sleep(pause)

    async def turn(self, lease: Lease, part: int) -> bool:
        """Link and sign once what there is; False where there was nothing."""
        moved = False
        waiting = [row["tenant"] for row in await self.database.fetch(WAITING)]
        due = await self.database.fetch(UNSIGNED, self.linker.head_seconds)
        for tenant in dict.fromkeys([*waiting, *(row["tenant"] for row in due)]):
            if partition_of(tenant, self._partitions or 1) == part and self._may(tenant):
                moved |= await self._guarded(lease, tenant)
        await self._tell(part)
        return moved

    def _may(self, tenant: str) -> bool:
        return time.monotonic() >= self._broken.get(tenant, 0.0)

    async def _guarded(self, lease: Lease, tenant: str) -> bool:
        try:
            linked = await self.linker.link(lease, tenant)
        except (ChainError, DataRefusedError) as error:
            # Somebody put rows where the chain goes on, or took them: the other chains go on.
            self._broken[tenant] = time.monotonic() + BROKEN_SECONDS
            self.metrics.audit_failures.inc()
            log.error("audit.not_linked", tenant=tenant, reason=str(error))  # noqa: TRY400 - says all
            return False
        self._broken.pop(tenant, None)
        self.metrics.audit_linked.inc(linked)
        return linked > 0

    async def _tell(self, part: int) -> None:
        """Bring heads to the topic; while it is away they wait in their table."""
        ours = await self._untold(part)
        if not ours:
            return
        try:
            await self._outlet.send(self.topic, part, map(_message, ours))
        except BrokerUnavailableError as error:
            self.metrics.infrastructure.labels(type(error).__name__).inc()
            log.warning("audit.heads_waited", count=len(ours), reason=str(error))
            return
        for tenant, seq in {one.tenant: one.seq for one in ours}.items():
            await self.database.execute(SENT, tenant, seq)

    async def _untold(self, part: int) -> list[Head]:
        """The heads of this partition that the topic has not, or has not been told of for a day."""
        chains = [
            row
            for row in await self.database.fetch(UNTOLD)
            if partition_of(row["tenant"], self._partitions or 1) == part
        ]
        if not chains:
            return []
        after = [row["sent_seq"] if row["is_new"] else row["head_seq"] - 1 for row in chains]
        names = [row["tenant"] for row in chains]
        return [stored(row) for row in await self.database.fetch(HEADS, names, after, SEND_LIMIT)]

    async def _look(self) -> None:
        """Every process tells how old the oldest unlinked row is, whoever should have linked it."""
        rows = await self.database.fetch(WAITING)
        self.metrics.audit_unlinked.set(max((row["age"] for row in rows), default=0.0))

    async def _patiently(self, work: Work) -> None:
        try:
            await work()
        except* LeaseLostError as lost:
            log.warning("audit.lease_lost", reason=str(lost.exceptions[0]))
        except* AWAY as errors:
            for error in errors.exceptions:
                self.metrics.infrastructure.labels(type(error).__name__).inc()
            self._away = True
            log.warning("audit.waited", reason=str(errors.exceptions[0]))
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            self._away = False


def _message(head: Head) -> Message:
    kind = [("content-type", b"application/json")]
    return Message(head.tenant.encode(), encode(head), kind)
