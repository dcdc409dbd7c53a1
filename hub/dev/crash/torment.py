"""Kills and freezes processes and restarts servers, each once the one before has recovered."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import asyncpg

from hub.dev.checker.webhook_log import Moment
from hub.dev.crash.fleet import Fleet, Member
from hub.dev.crash.installation import INTAKE, Installation
from hub.dev.crash.watch import Watch
from hub.dev.crash.webhooks.audience import KIND as DELIVER
from hub.dev.crash.webhooks.audience import LEASE_SECONDS

_RECOVERED_SECONDS = 1.5
_PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.1
_PAST_TIMEOUT_SECONDS = 1.5
_SENDING, _SENDING_SECONDS = 4, 40
"""Whoever delivers is killed while so much is on its way; for so long that is waited for."""
_ON_ITS_WAY = """
select count(*) from delivery where state = 'sending' and due_at > clock_timestamp()
"""
_LATE_CLAIM = "update partition_owner set epoch = epoch + 1 where topic = $1 and part = $2"
SHARES = {
    "process": 0.3,
    "project": 0.1,
    "insight": 0.1,
    "ingress": 0.1,
    "translate": 0.1,
    "serve": 0.1,
    "files": 0.1,
    "tally": 0.1,
    "catalog": 0.1,
    DELIVER: 0.1,
}
"""Of the kills and zombies, by kind of process."""


def split(total: int, kinds: list[str]) -> dict[str, int]:
    """Share a number of incidents among the kinds; the first takes what is left by rounding, and one at least."""
    weight = sum(SHARES[kind] for kind in kinds)
    shared = {kind: round(total * SHARES[kind] / weight) for kind in kinds}
    shared[kinds[0]] += total - sum(shared.values())
    for kind in reversed(kinds[1:]):
        if shared[kinds[0]] < min(total, 1) and shared[kind]:
            shared[kind] -= 1
            shared[kinds[0]] += 1
    return shared


@dataclass(slots=True)
class Torment:
    """What is done to an installation, and how long each kind took to be back."""

    place: Installation
    fleet: Fleet
    watch: Watch
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    zombies: Counter[str] = field(default_factory=Counter)
    broker_restarts: int = 0
    postgres_stops: int = 0
    fences: int = 0
    unrecovered: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """From each kill of a kind until its successor worked."""
    cut_off: list[Moment] = field(default_factory=list)
    """When somebody who delivers was killed, stood still, or could write nothing down."""

    async def kind(self, kind: str, kills: int, zombies: int) -> None:
        """All incidents of one kind of process, one after the other."""
        incidents = [self._kill] * kills + [self._freeze] * zombies
        self.chance.shuffle(incidents)
        for incident in incidents:
            await asyncio.sleep(self.chance.uniform(0.1, 1))
            if kind == DELIVER:
                await self._sending()
            await incident(self.chance.choice(self.fleet.of(kind)))

    async def _sending(self) -> None:
        """Wait until messages are on their way, or there is nobody to ask."""
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            async with asyncio.timeout(_SENDING_SECONDS):
                connection = await asyncpg.connect(self.place.dsn, timeout=5)
                try:
                    while await connection.fetchval(_ON_ITS_WAY) < _SENDING:  # noqa: ASYNC110
                        await asyncio.sleep(_LOOK_SECONDS / 5)
                finally:
                    connection.terminate()

    async def _kill(self, member: Member) -> None:
        began = time.monotonic()
        with self._cutting_off(member.kind):
            self.fleet.restart(member)
        self.kills[member.kind] += 1
        await self._recovery(member, "kill")
        self.seconds[member.kind].append(time.monotonic() - began)

    async def _freeze(self, member: Member) -> None:
        lease = self.place.session_timeout_ms / 1000 if member.kind != DELIVER else LEASE_SECONDS
        with self._cutting_off(member.kind):
            self.fleet.freeze(member)
            await asyncio.sleep(lease + _PAST_TIMEOUT_SECONDS)
            self.fleet.thaw(member)
        self.zombies[member.kind] += 1
        await self._recovery(member, "freeze")

    @contextmanager
    def _cutting_off(self, kind: str = DELIVER) -> Iterator[None]:
        began = time.time()
        yield
        if kind == DELIVER:
            self.cut_off.append((began, time.time()))

    async def _recovery(self, member: Member, what: str) -> None:
        """Wait until it is ready and, for what decides, until the backlog is gone."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            self.fleet.revive()
            caught_up = member.kind != "process" or self.watch.age < _RECOVERED_SECONDS
            if caught_up and await member.is_ready():
                return
        self.unrecovered.append(f"{member.name} after a {what}")

    async def impostor(self, count: int) -> None:
        """Claim partitions as a member would that was away, claims late and then dies."""
        for _ in range(count):
            await asyncio.sleep(self.chance.uniform(3, 8))
            part = self.chance.randrange(self.place.partitions)
            with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                connection = await asyncpg.connect(self.place.dsn, timeout=5)
                await connection.execute(_LATE_CLAIM, INTAKE, part)
                await connection.close()
                self.fences += 1

    async def broker(self, count: int) -> None:
        """Restart the broker, by kill -9 and in good order by turns."""
        for number in range(count):
            await asyncio.sleep(self.chance.uniform(4, 8))
            kafka = self.place.kafka
            with self.watch.excused():
                await asyncio.to_thread(kafka.stop if number % 2 else kafka.kill)
                await asyncio.sleep(self.chance.uniform(0, 3))
                kafka.spawn()
                await asyncio.to_thread(kafka.wait_ready)
                self.broker_restarts += 1
                await self._calm("a broker restart")

    async def postgres(self, count: int) -> None:
        """Stop Postgres as `pg_ctl stop -m immediate` does, so that it has to recover."""
        for _ in range(count):
            await asyncio.sleep(self.chance.uniform(5, 9))
            postgres = self.place.postgres
            with self.watch.excused():
                with self._cutting_off():
                    await asyncio.to_thread(postgres.stop_immediate)
                    await asyncio.sleep(self.chance.uniform(0, 3))
                    postgres.spawn()
                    await asyncio.to_thread(postgres.wait_ready)
                self.postgres_stops += 1
                await self._calm("a stop of Postgres")

    async def _calm(self, after: str) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        await asyncio.sleep(1)
        while self.watch.age > _RECOVERED_SECONDS:
            self.fleet.revive()
            if time.monotonic() > until:
                self.unrecovered.append(f"the hub after {after}")
                return
            await asyncio.sleep(_LOOK_SECONDS)
