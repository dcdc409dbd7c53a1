"""One proof on servers of its own: started, run, told as a line of JSON, and cleared away."""

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hub.dev.crash.installation import Installation
from hub.dev.crash.run import say
from hub.dev.lifeline import exit_on_sigterm

FAILED, INTERRUPTED = 1, 130


def staged(name: str, seed: int, prove: Callable[[Installation], Awaitable[dict[str, Any]]]) -> int:
    """The exit code: 0 where the figures are `ok`; else the folder stays to be looked at."""
    folder = Path(mkdtemp(prefix=f"warranty-hub-{name}-"))
    place = Installation(folder)
    say(f"starting Kafka and a durable Postgres in {folder} (seed {seed})")
    code = FAILED
    try:
        with exit_on_sigterm():
            place.start()
            figures = asyncio.run(_awaited(prove(place)))
            code = 0 if figures["ok"] else FAILED
            sys.stdout.write(json.dumps(figures) + "\n")
    except (KeyboardInterrupt, SystemExit):
        code = INTERRUPTED
        say("stopped")
    finally:
        place.stop()
        if code == FAILED:
            say(f"logs, data and files stay in {folder}: look there, then delete it")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


async def _awaited(work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await work
