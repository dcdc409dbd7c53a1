"""`python -m hub.dev.crash`: kill everything under load and check that the promise holds."""

import argparse
import asyncio
import json
import logging
import random
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

from hub.dev.crash.installation import Installation
from hub.dev.crash.plan import Plan
from hub.dev.crash.run import Run, say
from hub.dev.lifeline import exit_on_sigterm

BROKEN, NOT_COUNTED, INTERRUPTED = 1, 3, 130


def main() -> int:
    plan, timeout = _arguments()
    # A broker that is away is what this is about; its clients would say so thousands of times.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(mkdtemp(prefix="warranty-hub-crash-"))
    place = Installation(folder, session_timeout_ms=timeout)
    say(f"starting Kafka and a durable Postgres in {folder} (seed {plan.seed})")
    code = BROKEN
    try:
        with exit_on_sigterm():
            place.start()
            figures = asyncio.run(Run(plan, place).go())
            code = 0 if figures["ok"] else BROKEN if not figures["kept"] else NOT_COUNTED
    except (KeyboardInterrupt, SystemExit):
        code = INTERRUPTED
        say("stopped")
    finally:
        place.stop()
        if code == BROKEN:
            say(f"logs, data and what was sent stay in {folder}: look there, then delete it")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if code == NOT_COUNTED:
        say("nothing broke, but the run does not count: see counts, kills_by_kind, rate_held")
    if code != INTERRUPTED:
        sys.stdout.write(json.dumps(figures) + "\n")
    return code


def _arguments() -> tuple[Plan, int]:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m hub.dev.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=usual.kills)
    parser.add_argument("--zombies", type=int, default=usual.zombies)
    parser.add_argument("--rate", type=int, default=usual.rate, help="events a second")
    parser.add_argument("--fences", type=int, default=usual.fences, help="late claims")
    parser.add_argument("--broker-restarts", type=int, default=0)
    parser.add_argument("--postgres-stops", type=int, default=0)
    parser.add_argument("--workers", type=int, default=usual.workers)
    parser.add_argument("--kinds", default=",".join(usual.kinds), help="kinds of process to kill")
    parser.add_argument("--session-timeout-ms", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = vars(parser.parse_args())
    timeout = chosen.pop("session_timeout_ms")
    return Plan(**(chosen | {"kinds": tuple(chosen["kinds"].split(","))})), timeout


if __name__ == "__main__":
    sys.exit(main())
