"""Spans of time are read as they are written, and nothing else is."""

import pytest

from hub.domain.spans import read_span, written


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), (" 2h", 7200), ("1d", 86_400)]
)
def test_reads_a_number_and_its_unit(text: str, seconds: int) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "2 h", "1.5h", "1h30m", "2w"])
def test_reads_nothing_else(text: str) -> None:
    assert read_span(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (90, "1m 30s"), (7200, "2h"), (100_861, "1d 4h")]
)
def test_writes_the_two_largest_units(seconds: float, text: str) -> None:
    assert written(seconds) == text
