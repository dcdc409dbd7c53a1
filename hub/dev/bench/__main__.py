"""`python -m hub.dev.bench`: the hub beside two bare loops, at scale, or under the profiler."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub.dev.bench.contenders import PARTITIONS
from hub.dev.bench.measure import load
from hub.dev.bench.paced import latencies
from hub.dev.bench.profile import profile
from hub.dev.bench.rounds import holds, rounds, say, summary
from hub.dev.bench.scale import SEEDED, scale
from hub.dev.crash.installation import Installation
from hub.dev.lifeline import exit_on_sigterm


def main() -> int:
    chosen = _arguments()
    with exit_on_sigterm(), TemporaryDirectory(prefix="warranty-hub-bench-") as folder:
        servers = Installation(Path(folder), PARTITIONS)
        say("starting Kafka and a durable Postgres")
        try:
            servers.start()
            return asyncio.run(_run(servers, chosen))
        except KeyboardInterrupt:
            say("stopped")
            return 130
        finally:
            servers.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="events in one run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--paced", type=int, default=15, help="seconds at 500 ev/s; 0: not at all")
    parser.add_argument("--scale", action="store_true", help="CPU an event with many units")
    parser.add_argument("--seed", type=int, default=SEEDED, help="units for --scale")
    parser.add_argument("--profile", action="store_true", help="profile the hub's worker")
    parser.add_argument("--contact", action="store_true", help="profile sales with a contact")
    return parser.parse_args()


async def _run(servers: Installation, chosen: argparse.Namespace) -> int:
    if chosen.profile:
        name = "hub_contact" if chosen.contact else "hub"
        sys.stdout.write(await profile(servers, chosen.events, name))
        return 0
    if chosen.scale:
        return _end(*await scale(servers, chosen.events, chosen.rounds, chosen.seed))
    plain: dict[str, Any] = {"events": chosen.events, "rounds": chosen.rounds}
    plain |= summary(await rounds(servers, chosen.events, chosen.rounds))
    if chosen.paced:
        for name in ("ordinary", "hub"):
            say(f"{name} at a paced 500 ev/s for {chosen.paced} s")
            plain |= await latencies(servers, name, f"p{name}", chosen.paced)
    return _end(plain, holds(plain))


def _end(plain: dict[str, Any], ok: bool) -> int:  # noqa: FBT001 - the last line's last word
    window = "from the first to the last status event"
    plain |= {"measured": window, "load": load(), "ok": ok}
    sys.stdout.write(json.dumps(plain) + "\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
