"""The words of one second: with the supervisor's label it fits into 100 columns."""

from collections.abc import Mapping

from hub.dev.demo.figures import SAID, Figures

HEADER_EVERY = 20
HEADER = (
    "          in | open window         | all events so far                   | behind\n"
    "time      /s |  act  end link  ref | applied dedup reject early held dead | wait  lag view"
)
_WIDTHS = {
    "applied": 7,
    "deduplicated": 5,
    "rejected": 6,
    "early": 5,
    "held": 4,
    "dead_lettered": 4,
}


def line(clock: str, rate: float, window: Mapping[str, int] | None, figures: Figures) -> str:
    """One line; `window` is absent while nobody counts windows."""
    counted = " ".join(f"{window[name] if window else '-':>4}" for name in SAID)
    totals = " ".join(f"{figures[name]:>{width}}" for name, width in _WIDTHS.items())
    behind = f"{figures['waiting']:>4} {figures.lag_seconds:>4.1f} {figures.projection_lag:>4}"
    return f"{clock} {rate:>3.0f} | {counted} | {totals} | {behind}"
