"""Events a second, CPU by process and peak memory, from the first effect seen to the last."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from hub.dev.bench.contenders import Stage, Worker
from hub.dev.bench.topics import Ends

_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 120
_MICRO = 1_000_000


class StalledError(RuntimeError):
    """A contender stopped short of the end; the message says where."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one contender. CPU is microseconds an event, memory is megabytes."""

    events_per_s: float
    cpu_worker: float
    cpu_postgres: float
    cpu_broker: float
    rss_mb: float
    seconds: float

    @property
    def cpu(self) -> float:
        """Of all three together."""
        return self.cpu_worker + self.cpu_postgres + self.cpu_broker


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    effects: int
    worker: float
    postgres: float
    broker: float


async def measure(
    made: Stage, worker: Worker, events: int, effects: int, *, before: int = 0
) -> Figures:
    """Watch a worker through `events` prefilled events that have `effects` effects in all.

    Both moments are taken when the status topic has grown, so connecting, importing and joining
    the group do not count for anybody. `before` effects stood there already.
    """
    pids = (worker.pids, [made.servers.postgres.pid], [made.servers.kafka.pid])
    partitions = made.servers.partitions
    async with Ends(made.servers.kafka.bootstrap, made.writes, partitions) as ends:
        first = await _when(before + 1, ends, worker, pids)
        last = await _when(before + effects, ends, worker, pids)
    share = (last.effects - first.effects) / effects
    return _figures(first, last, events * share, max(map(_peak_mb, worker.pids)))


def _figures(first: _Moment, last: _Moment, events: float, rss: float) -> Figures:
    seconds = last.at - first.at
    return Figures(
        events_per_s=round(events / seconds, 1),
        cpu_worker=round((last.worker - first.worker) * _MICRO / events, 1),
        cpu_postgres=round((last.postgres - first.postgres) * _MICRO / events, 1),
        cpu_broker=round((last.broker - first.broker) * _MICRO / events, 1),
        rss_mb=round(rss, 1),
        seconds=round(seconds, 2),
    )


async def _when(
    wanted: int, ends: Ends, worker: Worker, pids: tuple[list[int], ...]
) -> _Moment:  # fmt: skip
    reached, moved = -1, time.monotonic()
    while True:
        now = await ends.total()
        if now >= wanted:
            return _Moment(time.monotonic(), now, *(sum(map(cpu_seconds, each)) for each in pids))
        if now != reached:
            reached, moved = now, time.monotonic()
        if time.monotonic() - moved > _PATIENCE_SECONDS:
            raise StalledError(f"only {now} of {wanted} effects; read {worker.log}")
        worker.check()
        await asyncio.sleep(_LOOK_SECONDS)


def cpu_seconds(pid: int) -> float:
    """CPU of a process and of its children, living and ended."""
    root, total = psutil.Process(pid), 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
        if process.pid == root.pid:
            total += used.children_user + used.children_system
    return total


def _peak_mb(pid: int) -> float:
    """The most memory the process ever held, where the kernel tells; else what it holds now."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def load() -> list[float]:
    """The machine's load averages."""
    return [round(each, 2) for each in os.getloadavg()]
