"""What an operator reads off a screen or a file holds whole whatever the next command needs."""

import io

import pytest
from rich.console import Console

from hub.commands.listing import Listing, screen

NAMES = ("where", "state", "event", "reason")
PLACE = "warranty.intake.v1[11]@1234567"
EVENT = "evt_0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d"
REASON = "a reason [bold]of[/] many words " * 8
ROWS = [(PLACE, "dead_lettered", EVENT, REASON), (PLACE, "held", EVENT, "")]


def shown(listing: Listing, width: int) -> str:
    file = io.StringIO()
    listing.show(Console(file=file, width=width, highlight=False))
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_ids_stay_in_one_piece_at_any_width(width: int) -> None:
    said = shown(Listing(NAMES, ROWS, whole=NAMES[:-1]), width)

    assert said.count(PLACE) == 2
    assert said.count(EVENT) == 2
    assert "…" not in said


def test_what_does_not_fit_80_columns_is_a_block_a_row() -> None:
    said = shown(Listing(NAMES, ROWS, whole=NAMES[:-1], title="what waits"), 80).splitlines()

    assert said[:3] == ["what waits", f"where {PLACE}", f"    state dead_lettered  event {EVENT}"]
    assert said[3].startswith("    reason a reason [bold]of[/] many words")
    assert said[4:] == [f"where {PLACE}", f"    state held  event {EVENT}"]


def test_what_fits_is_a_table_with_its_figures_to_the_right() -> None:
    listing = Listing(("part", "dead_lettered"), [("0", "7"), ("11", "12")], whole=("part",))
    said = shown(listing, 80)

    assert "dead_lettered" not in said
    assert "│   11 │       12 │" in said
    assert all(len(line) < 80 for line in said.splitlines())


def test_a_file_gets_a_line_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    file = io.StringIO()

    Listing(NAMES, ROWS, whole=NAMES[:-1]).show(screen(file))

    rows = [line for line in file.getvalue().splitlines() if PLACE in line]
    assert len(rows) == 2
    assert EVENT in rows[0]
    assert REASON.strip() in rows[0]


def test_a_width_that_somebody_asks_for_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert screen(io.StringIO()).width == 80
