"""A tumbling window counts what happens now, and remembers the one before."""

import faust
import pytest

from hub.insight.windows import Windows
from hub.telemetry.metrics import Metrics

ACTIVATED = "warranty.activated.v1"


@pytest.fixture
def windows() -> Windows:
    return Windows(faust.TumblingWindow(10.0), frozenset({ACTIVATED}), Metrics())


def test_counts_in_the_open_window(windows: Windows) -> None:
    windows.add(ACTIVATED, 100.0)
    windows.add(ACTIVATED, 109.9)

    assert (windows.open[ACTIVATED], windows.closed[ACTIVATED]) == (2, 0)


def test_closes_it_when_its_time_is_over(windows: Windows) -> None:
    windows.add(ACTIVATED, 100.0)
    windows.roll(110.0)

    assert (windows.open[ACTIVATED], windows.closed[ACTIVATED]) == (0, 1)


def test_a_late_one_still_counts_in_the_closed_window(windows: Windows) -> None:
    windows.roll(105.0)
    windows.roll(112.0)
    windows.add(ACTIVATED, 108.0)
    windows.add(ACTIVATED, 85.0)

    assert (windows.open[ACTIVATED], windows.closed[ACTIVATED]) == (0, 1)


def test_after_a_silence_the_closed_window_is_the_empty_one_before(windows: Windows) -> None:
    windows.add(ACTIVATED, 100.0)
    windows.roll(160.0)

    assert windows.closed[ACTIVATED] == 0


def test_a_stranger_makes_no_new_label(windows: Windows) -> None:
    windows.add("made.up.v1", 100.0)
    windows.show()

    value = windows.metrics.registry.get_sample_value
    assert value("hub_window_outcomes", {"outcome": "other", "window": "open"}) == 1
    assert value("hub_window_outcomes", {"outcome": "made.up.v1", "window": "open"}) is None
