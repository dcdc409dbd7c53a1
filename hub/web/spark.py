"""Small drawings as numbers: what a template needs to write an SVG without a style of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

WIDTH, HEIGHT = 120, 28


def line(counts: Sequence[int], top: int) -> str:
    """Points of a polyline; `top` is drawn at the upper edge."""
    step = WIDTH / max(1, len(counts) - 1)
    return " ".join(f"{number * step:.1f},{_height(n, top):.1f}" for number, n in enumerate(counts))


def area(counts: Sequence[int], top: int) -> str:
    """The same with the ground below it, as a polygon."""
    return f"0,{HEIGHT} {line(counts, top)} {WIDTH},{HEIGHT}"


def _height(count: int, top: int) -> float:
    return HEIGHT - 1 - (HEIGHT - 2) * min(1.0, count / max(1, top))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar that is 100 wide."""

    name: str
    count: int
    start: float
    width: float


def bar(counts: Mapping[str, int]) -> list[Piece]:
    """The parts of a whole side by side; what is there at all can be seen."""
    some = {name: count for name, count in counts.items() if count > 0}
    whole = sum(some.values())
    least = [max(0.8, 100 * count / whole) for count in some.values()]
    widths = [100 * one / sum(least) for one in least]
    starts = [0.0, *accumulate(widths)]
    return [
        Piece(name, count, round(start, 2), round(width, 2))
        for (name, count), start, width in zip(some.items(), starts, widths, strict=False)
    ]
