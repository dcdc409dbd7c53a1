"""A process of the hub under the standard profiler: `profiled FILE COMMAND ...`."""

import cProfile
import sys


def main() -> None:
    target, *words = sys.argv[1:]
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        from hub.main import app  # noqa: PLC0415 - imports belong to the profile

        app(words)
    finally:
        profiler.disable()
        profiler.dump_stats(target)


if __name__ == "__main__":
    main()
