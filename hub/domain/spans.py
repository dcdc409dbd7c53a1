"""Spans of time as people write them: 90s, 30m, 2h, 1d."""

import re

SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN = re.compile(r"([1-9][0-9]{0,5})([smhd])")


def read_span(text: str) -> int | None:
    """The seconds of a span; None where it is none."""
    found = _WRITTEN.fullmatch(text.strip())
    return int(found[1]) * SECONDS[found[2]] if found else None


def written(seconds: float) -> str:
    """Its two largest units: 1d 4h."""
    left = int(seconds)
    words = []
    for unit, length in SECONDS.items():
        count, left = divmod(left, length)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words[:2]) or "0s"
