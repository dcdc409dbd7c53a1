"""`python -m hub.dev.prove.alerts`: faults against a real hub, each told by its alert within two minutes.

A fleet of the hub's processes works at a low rate under a real Prometheus with the committed rules.
Faults come one after the other; `--clean MINUTES` has none, and nothing may fire.
"""

import argparse
import dataclasses
import logging
import os
import random
import sys
import time
from typing import Any

import structlog

from hub.dev.crash.installation import Installation
from hub.dev.crash.run import say
from hub.dev.embedded import EmbeddedError
from hub.dev.embedded.prometheus import programs
from hub.dev.prove.alerts.faults import FAULTS, Fault
from hub.dev.prove.alerts.proof import stay_clean, suffer
from hub.dev.prove.alerts.scene import at_work
from hub.dev.prove.staged import staged

LEFT_OUT = 0


async def prove(place: Installation, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything, on servers that run."""
    began, chance = time.monotonic(), random.Random(asked.seed)  # noqa: S311 - a repeatable mixture
    async with at_work(place, asked.rate, asked.interval, chance) as scene:
        say(f"{len(scene.fleet.members)} processes are ready, {asked.rate:g} things a second")
        if asked.clean:
            figures = {"minutes": asked.clean, **await stay_clean(scene, asked.clean)}
        else:
            seen = await suffer(scene, chosen(asked))
            faults = [dataclasses.asdict(one) for one in seen]
            slowest = max((one.seconds or 0 for one in seen), default=0)
            figures = {"faults": faults, "slowest_s": slowest, "ok": all(one.ok for one in seen)}
        broken = await scene.asker.broken_rules()
        unasked = sum(member.unasked for member in scene.fleet.members)
    return {
        **figures,
        "interval_s": asked.interval,
        "broken_rules": broken,
        "ended_unasked": unasked,
        "seconds": round(time.monotonic() - began),
        "load": [round(each, 2) for each in os.getloadavg()],
        "ok": figures["ok"] and not broken and not unasked,
    }


def chosen(asked: argparse.Namespace) -> list[Fault]:
    """The faults that are asked for, in their order."""
    names = [fault.name for fault in FAULTS]
    wanted = asked.only.split(",") if asked.only else names
    if unknown := sorted({*wanted, asked.resume or names[0]} - set(names)):
        raise SystemExit(f"no fault {', '.join(unknown)}; there are {', '.join(names)}")
    start = names.index(asked.resume) if asked.resume else 0
    return [fault for fault in FAULTS[start:] if fault.name in wanted]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.alerts", description=__doc__)
    parser.add_argument("--only", help="faults by name, with commas")
    parser.add_argument("--from", dest="resume", help="go on with this fault")
    parser.add_argument("--clean", type=float, default=0, metavar="MINUTES", help="no fault at all")
    parser.add_argument("--rate", type=float, default=2, help="things said a second")
    parser.add_argument("--interval", type=int, default=5, help="seconds between two scrapes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    chosen(asked)
    for name in ("aiokafka", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Whoever stands before a closed door says so, and here that is what is asked of him.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        programs()
    except EmbeddedError as problem:
        sys.stderr.write(f"LEFT OUT: the proof of the alerts: {problem}\n")
        return LEFT_OUT
    return staged("alerts", asked.seed, lambda place: prove(place, asked))


if __name__ == "__main__":
    raise SystemExit(main())
