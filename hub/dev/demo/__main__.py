"""`python -m hub.dev.demo`: as `hub dev`, whose other commands are imported while servers start."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.dev.demo.plan import Hub
from hub.dev.demo.run import demo


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.demo", description=__doc__)
    parser.add_argument("--for", dest="seconds", type=float, help="end after so many seconds")
    parser.add_argument("--rate", type=float, default=20, help="things said a second")
    parser.add_argument("--state", type=Path, default=Path(".hub"), help="where data is kept")
    chosen = parser.parse_args()
    return demo(chosen.state, chosen.seconds, chosen.rate, _load)


def _load() -> Hub:
    app = importlib.import_module("hub.main").app

    def hub(words: Sequence[str]) -> object:
        return app(list(words), prog_name="hub")

    return hub


if __name__ == "__main__":
    sys.exit(main())
