"""A process of the hub under the standard profiler: `profiled FILE COMMAND ...`."""

import cProfile
import sys

from hub.main import app


def main() -> None:
    """Imports are done before the profiler starts: they are no part of an event's cost."""
    target, *words = sys.argv[1:]
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        app(words)
    finally:
        profiler.disable()
        profiler.dump_stats(target)


if __name__ == "__main__":
    main()
