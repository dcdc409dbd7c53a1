"""Where the hub's worker spends its time on the prefilled load."""

import io
import pstats
import sys
from collections import Counter
from pathlib import Path

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
        profiled = [sys.executable, "-m", "hub.dev.bench.profiled", str(target), "process"]
        made.commands = [profiled, *made.commands[1:]]
        records, effects = mixture(name, "profile", events)
        await topics.fill(servers.kafka.bootstrap, made.reads, records)
        worker = made.start()
        try:
            figures = await measure(made, worker, len(records), effects)
        finally:
            await worker.stop()
    say(f"under the profiler, so slower than life: {figures}")
    text = io.StringIO()
    stats = pstats.Stats(str(target), stream=text)
    text.write(_by_file(stats, len(records)))
    stats.strip_dirs().sort_stats("tottime").print_stats(_TOP)
    return text.getvalue()


def _by_file(stats: pstats.Stats, events: int) -> str:
    """Own time of all functions of a file, in microseconds an event."""
    own: Counter[str] = Counter()
    # The stubs do not know the table that every report of this module is made from.
    for (file, _, name), (_, _, seconds, *_) in stats.stats.items():  # type: ignore[attr-defined]
        parts = Path(file).parts[-3:]
        own["/".join(parts) if file != "~" else name] += round(seconds * 1_000_000_000)
    lines = [f"{each / events / 1000:8.2f} us  {file}" for file, each in own.most_common(_TOP)]
    return "own time an event, by file or builtin\n" + "\n".join(lines) + "\n\n"
