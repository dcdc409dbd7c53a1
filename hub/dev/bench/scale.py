"""Whether an event costs more when a million units are stored than when ten thousand are."""

from statistics import median
from typing import Any

from hub.dev.bench import topics
from hub.dev.bench.contenders import PARTITIONS, Stage, stage
from hub.dev.bench.events import Kind, Record, given_back, sale, with_repeats
from hub.dev.bench.measure import Figures, load, measure
from hub.dev.bench.rounds import say
from hub.dev.bench.seeds import seed
from hub.dev.crash.installation import Installation

SEEDED = 1_000_000
FEW = 10_000
MOST = 1.2
_MODELS = 50
_RETURNED = 0.2
"""So large a part of the load speaks of seeded purchases, which have to be loaded."""


async def scale(
    servers: Installation, events: int, rounds: int, many: int
) -> tuple[dict[str, Any], bool]:
    """Measure with few and with many units, interleaved; the figures and whether the bar holds."""
    found: dict[int, list[Figures]] = {FEW: [], many: []}
    for number in range(1, rounds + 1):
        for units in (FEW, many) if number % 2 else (many, FEW):
            figures = await _once(servers, f"s{number}x{units}", events, units)
            found[units].append(figures)
            say(f"round {number}, {units} units: {figures} load {load()[0]}")
    plain: dict[str, Any] = {"events": events, "rounds": rounds, "units_few": FEW}
    plain["units_many"] = many
    for name, runs in (("few", found[FEW]), ("many", found[many])):
        for figure in ("events_per_s", "cpu_worker", "cpu_postgres", "cpu_broker", "rss_mb", "cpu"):
            plain[f"{name}_{figure}"] = round(median(getattr(run, figure) for run in runs), 1)
    plain["ratio_cpu"] = round(plain["many_cpu"] / plain["few_cpu"], 3)
    return plain, plain["ratio_cpu"] <= MOST


async def _once(servers: Installation, run: str, events: int, units: int) -> Figures:
    async with stage(servers, "hub", run) as made:
        await _models(made, run)
        references = await seed(made.dsn, units)
        records = _load(run, events, references)
        repeated = with_repeats(records, seed=events)
        await topics.fill(servers.kafka.bootstrap, made.reads, repeated)
        worker = made.start()
        try:
            return await measure(made, worker, len(repeated), len(records), before=_MODELS)
        finally:
            await worker.stop()


async def _models(made: Stage, run: str) -> None:
    """Let the hub process a few sales, so that seeds can be copied from rows of its own."""
    records = [sale(Kind(f"model-{run}", partitions=PARTITIONS), n) for n in range(_MODELS)]
    await topics.fill(made.servers.kafka.bootstrap, made.reads, records)
    worker = made.start()
    try:
        await measure(made, worker, _MODELS, _MODELS)
    finally:
        await worker.stop()


def _load(run: str, events: int, references: list[str]) -> list[Record]:
    kind, step = Kind(run, partitions=PARTITIONS), round(1 / _RETURNED)
    returned = references[:: max(1, len(references) * step // events)]
    records = [sale(kind, n) for n in range(events)]
    for n, reference in zip(range(0, events, step), returned, strict=False):
        records[n] = given_back(kind, n, reference)
    return records
