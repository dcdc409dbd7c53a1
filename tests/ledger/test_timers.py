"""Timers fire once each, as fast as batches go, and let live events through."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import pytest
import time_machine

from hub.dev.lifeline import die_with_parent
from hub.ledger.timers import Timers
from schemas.refs import place
from tests.ledger.counter import home_of
from tests.ledger.driver import PARTITIONS, Hub, count, key_in

pytestmark = pytest.mark.servers

MANY = int(os.environ.get("HUB_TIMERS", "20000"))
HELD = 3_000
FIRED = "select count(*) from counter where total = 101"
HOUR = timedelta(hours=1)


async def sleepers(hub: Hub, count: int, due_at: datetime, stem: str = "t") -> list[str]:
    """Counters at one, each with a timer due at one and the same instant."""
    homes = [home_of(f"{stem}{n}") for n in range(count)]
    doc = json.dumps({"id": "x", "total": 1, "seen": ["x"]})
    await hub.db.copy(
        "counter",
        ("id", "tenant", "version", "total", "doc", "inbox"),
        [(home, "acme", 1, 1, doc, "{}") for home in homes],
    )
    await hub.db.copy(
        "timer",
        ("topic", "part", "home", "name", "tenant", "due_at"),
        [
            (hub.processor.reads.name, place(home, PARTITIONS), home, "wake", "acme", due_at)
            for home in homes
        ],
    )
    return homes


@contextmanager
def killable(hub: Hub) -> "Iterator[subprocess.Popen[bytes]]":
    """A worker of the same group in a process of its own."""
    prefix = hub.processor.reads.name.removesuffix("intake")
    words = (hub.settings.bootstrap, hub.dsn, prefix)
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.counter_process", *words],
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - the tests spawn from one thread
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


async def live(hub: Hub, waits: list[float]) -> None:
    """One event after the other, each timed until it can be read."""
    for n in range(10_000):
        began = time.monotonic()
        await hub.tell(count(f"live{n}", f"live{n}"))
        while not await hub.total(f"live{n}"):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.01)
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.02)


async def test_thousands_of_timers_due_at_once_fire_once_each_beside_live_events_and_a_kill(
    hub: Hub,
) -> None:
    """A shop's whole night is due in one second, and the worker dies in the middle of it."""
    with killable(hub):
        await hub.told_all(count("first"))
        await sleepers(hub, MANY, datetime.now(UTC))
        await hub.until(f"select ({FIRED}) > 2000", "begun")
    left = await hub.db.fetchval("select count(*) from timer")
    assert left > MANY / 4, "killed in the middle"
    await hub.start()
    again = "select count(*) = 2 from partition_owner where epoch > 1"
    await hub.until(again, "claimed anew", patience=20)
    waits: list[float] = []
    traffic = asyncio.create_task(live(hub, waits))
    began, cpu = time.monotonic(), time.process_time()
    await hub.until("select count(*) = 0 from timer", "all fired", patience=60)
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    traffic.cancel()
    await asyncio.wait([traffic])
    await hub.settled()
    assert await hub.db.fetchval(FIRED) == MANY
    told = Counter(dict(one.headers)["ce_causationid"] for one in await hub.status())
    rung = {cause: n for cause, n in told.items() if cause.startswith(b"timer/")}
    assert len(rung) == MANY
    sys.stderr.write(
        f"\n{left} timers in {seconds:.1f} s, {cpu / max(left, 1) * 1e6:.0f} us of CPU each; "
        f"{len(waits)} live events meanwhile, p50 {quantiles(waits)[1] * 1e3:.0f} ms, "
        f"worst {max(waits) * 1e3:.0f} ms\n"
    )
    assert max(waits) < 3


async def test_the_same_is_decided_by_a_worker_whose_clock_is_hours_off(hub: Hub) -> None:
    """Due by Postgres's clock, and decided at the time it was due."""
    due_at = datetime.now(UTC) - timedelta(seconds=1)
    (ahead,) = await sleepers(hub, 1, due_at)
    (later,) = await sleepers(hub, 1, due_at + HOUR, "later")
    with time_machine.travel(datetime.now(UTC) + 5 * HOUR):
        await hub.start()
        await hub.until("select total = 101 from counter where id = $1", "fired", ahead)
        await asyncio.sleep(1)
        assert await hub.db.fetchval("select total from counter where id = $1", later) == 1
        await hub.stop()
    await hub.db.execute("update timer set due_at = $1", due_at)
    with time_machine.travel(datetime.now(UTC) - 5 * HOUR):
        await hub.start()
        await hub.until("select total = 101 from counter where id = $1", "fired", later)
        await hub.told_all(count("e1"))
        await hub.stop()
    causes = {dict(one.headers)["ce_causationid"].decode() for one in await hub.status()}
    assert f"timer/{later}/wake/{due_at.isoformat()}" in causes


@dataclass(slots=True)
class Look:
    """Reads the timers of partition 0 while so many homes are held."""

    hub: Hub
    held: Counter[str]
    timers: Timers = field(default_factory=Timers)

    async def once(self) -> list[str]:
        topic = self.hub.processor.reads.name
        due = await self.timers.due(self.hub.db, topic, 0, self.held, 500)
        return sorted(timer.home for timer in due)

    async def whole(self) -> list[str]:
        """Look by look, until another one would find nothing."""
        found = await self.once()
        while self.timers.more:
            found += await self.once()
        return sorted(found)


async def test_timers_of_held_homes_are_read_once_and_fire_as_soon_as_they_are_free(
    hub: Hub,
) -> None:
    """Thousands of them do not make every further look slow, nor hide the one that may fire."""
    hub.balanced = False
    homes = await sleepers(hub, HELD, datetime.now(UTC))
    first, second, *_ = sorted(home for home in homes if place(home, PARTITIONS) == 0)
    look = Look(hub, Counter(dict.fromkeys(homes, 1)))
    assert await look.whole() == []
    await sleepers(hub, 4, datetime.now(UTC), "free")
    assert home_of(key_in(0, "free")) in await look.once(), "it is read on from there"
    del look.held[first], look.held[second]
    assert await look.once() == [first, second]
    look.timers.undone()
    assert await look.once() == [first, second], "their batch was undone"
    assert await look.whole() == []


async def test_a_timer_set_to_a_time_that_was_already_looked_at_fires(hub: Hub) -> None:
    """Of two that are due, the first sets another to a time before them both."""
    await hub.start()
    past = datetime.now(UTC) - HOUR
    await sleepers(hub, 100, past)
    await hub.until(f"select ({FIRED}) = 100", "fired")
    await hub.told_all(count("e1", wake=past - HOUR), count("x1", "b", wake=past))
    await hub.until("select count(*) = 0 from timer", "fired too")
    assert (await hub.total(), await hub.total("b")) == (101, 101)


async def test_of_homes_that_are_held_no_longer_no_more_timers_are_taken_than_asked_for(
    hub: Hub,
) -> None:
    """With one a batch, the one that is refused is the one to blame."""
    (home,) = await sleepers(hub, 1, datetime.now(UTC) - HOUR)
    topic, part = hub.processor.reads.name, place(home, PARTITIONS)
    more = "insert into timer select topic, part, home, $1, tenant, due_at from timer limit 1"
    for name in ("wake2", "wake3"):
        await hub.db.execute(more, name)
    timers, found = Timers(), []
    timers.later([home])
    while taken := await timers.due(hub.db, topic, part, Counter(), 1):
        assert len(taken) == 1
        found.append(taken[0].name)
        await hub.db.execute("delete from timer where name = $1", taken[0].name)
    assert found == ["wake", "wake2", "wake3"]
    hub.balanced = False
