"""`python -m hub.dev.demo.gate FILE MODULE ...`: a module as `python -m` runs it, once FILE is there.

Meanwhile it imports what the module needs, so that the hub's processes are awake when Kafka is.
"""

import importlib
import logging
import os
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 0.02
_CHATTY = (
    "cluster",
    "conn",
    "consumer.consumer",
    "consumer.fetcher",
    "consumer.group_coordinator",
    "producer.sender",
)
"""Loggers of aiokafka that speak at length of a broker which has just been born."""


def main() -> None:
    file, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    importlib.import_module(module)
    # It runs a second time under the name that `python -m` gives it.
    del sys.modules[module]
    behind(file, lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))


def behind(file: Path, call: Callable[[], object]) -> None:
    """Call, once the file is there."""
    _quieten()
    while not file.exists():
        time.sleep(_LOOK_SECONDS)
    call()


def _quieten() -> None:
    """What matters of it the hub says in its own words; whoever asks for more hears everything."""
    if os.environ.get("HUB_LOG_LEVEL") not in {"debug", "info"}:
        for name in _CHATTY:
            logging.getLogger(f"aiokafka.{name}").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    main()
