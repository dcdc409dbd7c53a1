"""`python -m hub.dev.demo.gate FILE MODULE ...`: a module as `python -m` runs it, once FILE is there.

Meanwhile it imports what the module needs, so that the hub's processes are awake when Kafka is.
"""

import importlib
import runpy
import sys
import time
from pathlib import Path

_LOOK_SECONDS = 0.02


def main() -> None:
    file, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    importlib.import_module(module)
    while not file.exists():
        time.sleep(_LOOK_SECONDS)
    # It runs a second time under the name that `python -m` gives it.
    del sys.modules[module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
