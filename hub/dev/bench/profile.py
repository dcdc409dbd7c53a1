"""Where the hub's worker spends its time on the prefilled load."""

import io
import pstats
import sys

from hub.dev.bench import topics
from hub.dev.bench.contenders import stage
from hub.dev.bench.measure import measure
from hub.dev.bench.rounds import mixture, say
from hub.dev.crash.installation import Installation

_TOP = 40


async def profile(servers: Installation, events: int, name: str) -> str:
    """Run the worker under the profiler; the top functions by own time, as text."""
    target = servers.root / "worker.prof"
    async with stage(servers, name, "profile") as made:
        made.command = [
            sys.executable, "-m", "hub.dev.bench.profiled", str(target), "process",
        ]  # fmt: skip
        records, effects = mixture(name, "profile", events)
        await topics.fill(servers.kafka.bootstrap, made.reads, records)
        worker = made.start()
        try:
            figures = await measure(made, worker, len(records), effects)
        finally:
            await worker.stop()
    say(f"under the profiler, so slower than life: {figures}")
    text = io.StringIO()
    pstats.Stats(str(target), stream=text).strip_dirs().sort_stats("tottime").print_stats(_TOP)
    return text.getvalue()
