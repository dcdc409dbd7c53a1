"""A moment as people type it."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from hub.commands.trail import instant


def test_is_a_time_of_its_own_or_so_long_ago() -> None:
    assert instant("--since", "2026-01-31T12:00:00+03:00") == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert instant("--since", "2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert abs(datetime.now(UTC) - timedelta(hours=2) - instant("--since", "2h")).seconds < 5


@pytest.mark.parametrize(
    "text",
    ["", "h", "-2h", "²m", "999999d", "9" * 5_000 + "m", "0001-01-01T00:00:00+23:00", "yesterday"],
)
def test_anything_else_is_refused_with_what_can_be_given(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time; give"):
        instant("--since", text)
