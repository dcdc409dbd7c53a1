"""Rounds in which all contenders do the same work, in an order shuffled anew each time."""

import asyncio
import random
import sys
import time
from dataclasses import asdict
from statistics import median
from typing import Any

from hub.dev.bench import topics
from hub.dev.bench.contenders import PARTITIONS, WHOLE, Stage, furnish, stage
from hub.dev.bench.events import Kind, Record, sale, ticket, with_repeats
from hub.dev.bench.measure import Figures, load, measure
from hub.dev.crash.installation import Installation

CONTENDERS = ("ordinary", "tuned", "hub", "hub_contact", WHOLE)
LEAST_TO_ORDINARY = 1.0
LEAST_TO_TUNED = 0.5
LEAST_WHOLE_TO_ORDINARY = 0.5
MOST_RSS_MB = 250.0
SETTLE_SECONDS = 10


class WrongResultError(RuntimeError):
    """A contender was fast but did not do the work."""


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def mixture(name: str, run: str, count: int) -> tuple[list[Record], int]:
    """About `count` events with their repeats, and how many of them are no repeats."""
    kind = Kind(run, contact=name == "hub_contact", partitions=PARTITIONS)
    told = ticket if name == WHOLE else sale
    unique = [told(kind, n) for n in range(round(count / 1.05))]
    return with_repeats(unique, seed=count), len(unique)


async def once(servers: Installation, name: str, run: str, count: int) -> Figures:
    """One contender, once."""
    async with stage(servers, name, run) as made:
        await furnish(made)
        records, effects = mixture(name, run, count)
        await topics.fill(servers.kafka.bootstrap, made.reads, records)
        worker = made.start()
        try:
            figures = await measure(made, worker, len(records), effects)
            await _verify(made, effects)
        finally:
            await worker.stop()
    return figures


async def _verify(made: Stage, effects: int) -> None:
    """Whether everything was stored; a loop may tell of its last batch while it still stores it."""
    table = "unit" if made.is_hub else "warranty"
    deadline = time.monotonic() + SETTLE_SECONDS
    while (rows := await made.fetchval(f"select count(*) from {table}")) != effects:  # noqa: S608
        if time.monotonic() > deadline:
            raise WrongResultError(f"{made.name} stored {rows} of {effects} rows; read {made.log}")
        await asyncio.sleep(0.1)


async def rounds(servers: Installation, events: int, count: int) -> dict[str, list[Figures]]:
    """All contenders `count` times."""
    found: dict[str, list[Figures]] = {name: [] for name in CONTENDERS}
    for number in range(1, count + 1):
        order = random.sample(CONTENDERS, k=len(CONTENDERS))
        for name in order:
            figures = await once(servers, name, f"r{number}{name}", events)
            found[name].append(figures)
            say(
                f"round {number} {name:12} {figures.events_per_s:8.0f} ev/s"
                f"  cpu us: worker {figures.cpu_worker} postgres {figures.cpu_postgres}"
                f" broker {figures.cpu_broker}  rss {figures.rss_mb} MB  load {load()[0]}"
            )
    return found


def summary(found: dict[str, list[Figures]]) -> dict[str, Any]:
    """Medians by contender, and the hub's ratios: of medians, as rounds are interleaved."""
    plain: dict[str, Any] = {}
    for name, runs in found.items():
        for figure in asdict(runs[0]):
            plain[f"{name}_{figure}"] = round(median(getattr(run, figure) for run in runs), 1)
        plain[f"{name}_cpu"] = round(median(run.cpu for run in runs), 1)
    rate = {name: plain[f"{name}_events_per_s"] for name in found}
    plain["ratio_to_ordinary"] = round(rate["hub"] / rate["ordinary"], 3)
    plain["ratio_to_tuned"] = round(rate["hub"] / rate["tuned"], 3)
    cpu = plain["hub_cpu_worker"] / plain["ordinary_cpu_worker"]
    plain["ratio_cpu_to_ordinary"] = round(cpu, 3)
    plain["ratio_with_contact"] = round(rate["hub_contact"] / rate["ordinary"], 3)
    plain["ratio_whole_to_ordinary"] = round(rate[WHOLE] / rate["ordinary"], 3)
    plain["rss_mb"] = max(run.rss_mb for name in ("hub", "hub_contact") for run in found[name])
    return plain


def holds(plain: dict[str, Any]) -> bool:
    """Whether the bars are met."""
    return bool(
        plain["ratio_to_ordinary"] >= LEAST_TO_ORDINARY
        and plain["ratio_to_tuned"] >= LEAST_TO_TUNED
        and plain["ratio_whole_to_ordinary"] >= LEAST_WHOLE_TO_ORDINARY
        and plain["rss_mb"] < MOST_RSS_MB
    )
