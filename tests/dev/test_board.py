"""What the demo shows each second, and how it adds up at the end."""

from dataclasses import replace
from typing import Any

import pytest

from hub.dev.demo.figures import CLAIM_STATES, SAID, Figures
from hub.dev.demo.line import HEADER, header, line, short
from hub.dev.demo.plan import VERBS
from hub.dev.demo.raw import BECAME, Files, Raw
from hub.dev.demo.summary import COLUMNS as RECEIVERS
from hub.dev.demo.summary import Summary
from hub.dev.demo.told import DELIVERED, Told
from hub.dev.demo.window import open_window
from hub.recovery.figures import OUTCOMES

COLUMNS = 100
LABEL = max(len(f"{name} | ") for name in VERBS)


def figures(raw: Raw | None = None, files: Files | None = None, **numbers: int) -> Figures:
    """Nothing has happened, but for what is said."""
    names = (*OUTCOMES, *SAID, "accepted", "waiting", "unaccounted")
    return Figures(
        numbers=dict.fromkeys(names, 0) | numbers,
        raw=raw or Raw(),
        files=files or Files(),
        claimed=6,
        lag_seconds=0,
        projection_lag=0,
        trail_lag=0,
        letters=0,
    )


def raw(landed: int, waiting: int = 0, **became: int) -> Raw:
    return Raw(landed, dict.fromkeys(BECAME, 0) | became, waiting)


def summary(after: Figures, heard: dict[str, Any] | None = None) -> Summary:
    return Summary(figures().as_json(), after, 3.0, 4.0, 30.0, {"heard": heard or {}})


def test_a_line_fits_the_screen_even_after_a_long_time() -> None:
    busy = dict.fromkeys(("accepted", "waiting", *OUTCOMES), 99_999_999)
    landed = raw(99_999_999, 99_999_999, parked=99_999_999, translated=99_999_999)
    window = dict.fromkeys(SAID, 99_999)
    text = line("23:59:59", 999, window, figures(landed, Files(done=99_999), **busy))
    assert LABEL + len(text) <= COLUMNS
    assert all(LABEL + len(one) <= COLUMNS for one in HEADER.splitlines())


def test_columns_stand_below_their_names() -> None:
    text = line("23:59:59", 20, None, figures())
    heads = HEADER.splitlines()[1]
    assert [at for at, char in enumerate(text) if char == "|"] == [
        at for at, char in enumerate(heads) if char == "|"
    ]


def test_the_address_of_the_page_comes_again_with_the_names_of_the_columns() -> None:
    assert header("http://127.0.0.1:1/enter#whk_1").splitlines() == [
        "watch it at http://127.0.0.1:1/enter#whk_1",
        *HEADER.splitlines(),
    ]
    assert header(None) == HEADER


def test_large_numbers_are_told_in_thousands() -> None:
    assert [short(number, 4) for number in (0, 9999, 10_000, 1_234_567)] == [
        "   0",
        "9999",
        " 10k",
        "  1M",
    ]


def test_nothing_is_settled_while_a_ticket_waits_to_be_translated() -> None:
    assert figures().is_settled(6)
    assert not figures(raw(1, waiting=1)).is_settled(6)


def test_nothing_is_settled_while_a_file_lies_in_its_folder() -> None:
    assert not figures(files=Files(dropped=1)).is_settled(6)


def test_what_landed_must_have_become_something() -> None:
    assert summary(figures(raw(3, translated=2, parked=1), activated=1)).holds
    assert not summary(figures(raw(3, translated=2), activated=1)).holds


def test_what_a_till_was_told_has_landed_must_be_there() -> None:
    after = figures(raw(3, translated=3), activated=1)
    assert summary(after, {"tickets_landed": 3}).holds
    assert not summary(after, {"tickets_landed": 4}).holds


def test_what_waits_for_a_receiver_keeps_a_run_from_its_end_and_what_is_away_does_not() -> None:
    counted = dict.fromkeys(DELIVERED, 0)
    assert replace(figures(), deliveries=counted | {"away": 9, "dead": 1}).is_settled(6)
    assert not replace(figures(), deliveries=counted | {"waiting": 1}).is_settled(6)


def test_what_is_away_goes_up_and_down() -> None:
    counted = dict.fromkeys(DELIVERED, 0) | {"delivered": 5, "away": 3, "waiting": 1}
    shown = summary(replace(figures(), deliveries=counted))
    assert shown.this_run["deliveries"] == {"delivered": 5, "skipped": 0, "dead": 0}


def test_what_a_receiver_was_told_it_must_have_taken() -> None:
    after = summary(figures(activated=1))
    well = Told({"delivered": 2}, took=2, again=1)
    assert replace(after, receivers={"fast": well, "mail": well}).holds
    assert not replace(after, receivers={"fast": well, "mail": Told(took=2, lost=1)}).holds
    assert not replace(after, receivers={"fast": Told(took=2, ghosts=1), "mail": well}).adds_up


def test_the_table_of_receivers_fits_a_narrow_screen(capsys: pytest.CaptureFixture[str]) -> None:
    states = dict.fromkeys(DELIVERED, 123_456)
    told = {"malicious": Told(states, failed=99_999, took=123_456)}
    replace(summary(figures(activated=1)), receivers=told).show()
    shown = capsys.readouterr().out
    (row,) = [line for line in shown.splitlines() if "malicious " in line]
    assert [*row.split()][1:] == ["617280", "123456", "99999", *["123456"] * 4, "0"]
    assert all(name in shown for name in RECEIVERS if name != "unaccounted")
    assert "…" not in shown


def test_only_the_open_window_is_shown() -> None:
    exposition = (
        "# TYPE hub_window_outcomes gauge\n"
        'hub_window_outcomes{outcome="warranty.activated.v1",window="open"} 7.0\n'
        'hub_window_outcomes{outcome="warranty.activated.v1",window="closed"} 9.0\n'
        'hub_window_outcomes{outcome="other",window="open"} 3.0\n'
    )
    assert open_window(exposition) == {"activated": 7, "ended": 0, "linked": 0, "refused": 0}


def test_claims_are_counted_by_state_and_what_was_filed_is_what_came_to_them() -> None:
    stand = dict.fromkeys(CLAIM_STATES, 0)
    before, after = ({**stand, "staged": 2}, {**stand, "submitted": 1, "resolved": 2})
    first, last = (replace(figures(), claims=claims) for claims in (before, after))
    shown = Summary(first.as_json(), last, 3.0, 4.0, 30.0)
    assert shown.this_run["claims"] == {"filed": 1}
    assert last.as_json()["claims"] == {"filed": 3, **after}
