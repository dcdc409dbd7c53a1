"""A process of the hub under the standard profiler: `profiled FILE COMMAND ...`."""

import cProfile
import sys
from importlib.metadata import entry_points


def main() -> None:
    """Imports are done before the profiler starts: they are no part of an event's cost."""
    target, *words = sys.argv[1:]
    (command,) = entry_points(group="console_scripts", name="hub")
    app = command.load()
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        app(words)
    finally:
        profiler.disable()
        profiler.dump_stats(target)


if __name__ == "__main__":
    main()
