"""The words of one second: with the supervisor's label it fits into 100 columns."""

from collections.abc import Mapping

from hub.dev.demo.figures import Figures

HEADER_EVERY = 20
HEADER = (
    "          in | at the doors          | window  | decided so far         | behind\n"
    "time      /s |  land trans park file | act ref | applied  dup  rej kept | wait  lag lost"
)
KEPT = ("early", "retrying", "held", "dead_lettered")
"""Not decided yet, and in nobody's way but that of their own purchase."""


def header(address: str | None) -> str:
    """What stands above the columns: the page's address too, which would else have scrolled away."""
    return HEADER if address is None else f"watch it at {address}\n{HEADER}"


def line(clock: str, rate: float, window: Mapping[str, int] | None, figures: Figures) -> str:
    """One line; `window` is absent while nobody counts windows."""
    raw, became = figures.raw, figures.raw.became
    doors = (
        f"{short(raw.landed, 5)} {short(became['translated'], 5)} {short(became['parked'], 4)} "
        f"{short(figures.files.known, 4)}"
    )
    said = ("activated", "refused")
    counted = " ".join(short(window[name], 3) if window else "  -" for name in said)
    kept = sum(figures[name] for name in KEPT)
    totals = (
        f"{short(figures['applied'], 7)} {short(figures['deduplicated'], 4)} "
        f"{short(figures['rejected'], 4)} {short(kept, 4)}"
    )
    waiting = figures["waiting"] + figures.raw.waiting
    behind = f"{short(waiting, 4)} {figures.lag_seconds:>4.1f} {short(figures.unaccounted, 4)}"
    return f"{clock} {rate:>3.0f} | {doors} | {counted} | {totals} | {behind}"


def short(number: int, width: int) -> str:
    """The number, in thousands or millions where it has more digits than fit."""
    for unit in ("", "k", "M", "G"):
        text = f"{number}{unit}"
        if len(text) <= width:
            return text.rjust(width)
        number //= 1000
    return "9" * width
