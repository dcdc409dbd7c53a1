"""What the figures are said to mean, and what is said to do about them."""

import re
import shlex
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from typer.main import get_command

from hub.main import app
from hub.recovery.figures import OUTCOMES
from hub.web import spark, words
from hub.web.figures import LANDED, Platform, Projected
from hub.web.gauges import Gauge, Level, gauges, verdict
from hub.web.own import _first
from hub.web.success import success

CALM = Platform(
    outcomes=dict.fromkeys(OUTCOMES, 0) | {"applied": 90, "deduplicated": 5, "rejected": 5},
    accepted=100,
    unaccounted=0,
    waiting=0,
    lag_seconds=0.0,
    partitions=6,
    stopped=(),
    held_keys=0,
    ages=dict.fromkeys(("retrying", "held", "dead_lettered"), 0.0),
    landed=dict.fromkeys(LANDED, 0),
    raw_unaccounted=0,
    raw_waiting=0,
    projected=(Projected("activity", 0),),
    trail_seconds=0.0,
)


def gauge(name: str, now: Platform) -> Gauge:
    (found,) = (one for one in gauges(now) if one.id == name)
    return found


def outcome(name: str, count: int) -> Platform:
    return replace(CALM, outcomes={**CALM.outcomes, name: count})


def test_says_that_all_is_well_where_it_is() -> None:
    said = verdict(gauges(CALM))

    assert (said.level, said.title, said.matters) == (Level.FINE, "All is well", [])


@pytest.mark.parametrize(
    ("now", "name", "level"),
    [
        (replace(CALM, unaccounted=1), "unaccounted", Level.ACT),
        (replace(CALM, unaccounted=-1), "unaccounted", Level.ACT),
        (replace(CALM, raw_unaccounted=2), "unaccounted", Level.ACT),
        (replace(CALM, lag_seconds=4.0), "lag", Level.FINE),
        (replace(CALM, lag_seconds=6.0), "lag", Level.LOOK),
        (replace(CALM, lag_seconds=31.0), "lag", Level.ACT),
        (replace(CALM, waiting=None, lag_seconds=None), "lag", Level.LOOK),
        (replace(CALM, stopped=("x[0]: newer code",)), "stopped", Level.ACT),
        (replace(CALM, partitions=0), "stopped", Level.ACT),
        (outcome("dead_lettered", 1), "dead_lettered", Level.ACT),
        (outcome("retrying", 5), "retrying", Level.FINE),
        (outcome("held", 5), "held", Level.FINE),
        (replace(CALM, ages={**CALM.ages, "retrying": 1000.0}), "retrying", Level.LOOK),
        (replace(CALM, ages={**CALM.ages, "held": 4000.0}), "held", Level.LOOK),
        (replace(CALM, landed={**CALM.landed, "parked": 1}), "parked", Level.LOOK),
        (replace(CALM, raw_waiting=5000), "untranslated", Level.LOOK),
        (replace(CALM, raw_waiting=None), "untranslated", Level.FINE),
        (replace(CALM, projected=(Projected("a", 1), Projected("b", 5000))), "views", Level.LOOK),
        (replace(CALM, trail_seconds=60.0), "views", Level.LOOK),
    ],
)
def test_asks_as_much_of_a_person_as_a_figure_needs(now: Platform, name: str, level: Level) -> None:
    found = gauge(name, now)

    assert found.level is level
    assert (found in verdict(gauges(now)).matters) == (level is not Level.FINE)
    if level is not Level.FINE:
        assert found.says
        assert found.do
        assert not re.search(r"\d", found.says.partition(":")[0]), (
            "it would be read out each second"
        )


def test_names_the_worst_first() -> None:
    now = replace(outcome("dead_lettered", 1), landed={**CALM.landed, "parked": 1})

    assert [one.id for one in verdict(gauges(now)).matters] == ["dead_lettered", "parked"]


def test_tells_only_of_commands_that_there_are() -> None:
    said = [one.command for one in gauges(CALM)]
    for template in ("board", "sign_in", "parts/events", "parts/files", "parts/verdict"):
        text = files("hub.web").joinpath("templates", f"{template}.html").read_text()
        said += re.findall(r"<code>(hub [^<{]+)</code>", text)

    assert len(said) > 10
    for command in said:
        assert _is_known(shlex.split(command)[1:]), command


def _is_known(told: list[str]) -> bool:
    found: Any = get_command(app)
    for word in told:
        if word.startswith("--"):
            return any(word in one.opts for one in found.params)
        inner = getattr(found, "commands", None)
        if inner is not None and word not in inner:
            return False
        found = inner[word] if inner is not None else found
    return True


def test_counts_as_success_what_was_taken_over_of_all_that_was_decided() -> None:
    now = replace(
        outcome("forwarded", 10),
        accepted=113,
        waiting=3,
        outcomes={**CALM.outcomes, "forwarded": 10},
    )

    found = success(now)

    assert (found.ratio, found.well, found.decided) == ("95.0 %", "95", "100")
    assert sum(int(term.count) for term in found.terms) == now.accepted
    assert found.is_whole


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "none yet"), (1, 1, "100 %"), (99_999, 100_000, "99.9 %"), (0, 5, "0.0 %")],
)
def test_rounds_a_share_never_up_to_all(part: int, whole: int, said: str) -> None:
    assert words.share(part, whole) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "under 1 s"), (5.2, "5 s"), (600, "10 min"), (7300, "2 h"), (200_000, "2 days")],
)
def test_says_a_time_as_exactly_as_it_matters(seconds: float, said: str) -> None:
    assert words.span(seconds) == said


def test_has_a_word_for_every_outcome() -> None:
    assert set(OUTCOMES) <= set(words.BECAME)
    assert set(OUTCOMES) <= set(words.BRIEFLY)


def test_says_what_was_decided_and_where_a_door_stayed_shut() -> None:
    assert words.became("applied", {"warranty.activated.v1": 2}) == "2 activated"
    assert words.became("applied", {}) == "Done"
    assert words.became("401", {}) == "Not taken at the door (401)"
    assert words.became("never heard of", {}) == "never heard of"


def test_draws_what_is_there_at_all_wide_enough_to_be_seen() -> None:
    pieces = spark.bar({"applied": 1_000_000, "held": 0, "dead_lettered": 1})

    assert [one.name for one in pieces] == ["applied", "dead_lettered"]
    assert pieces[1].width >= 0.7
    assert pieces[1].start + pieces[1].width == pytest.approx(100, abs=0.1)
    assert spark.bar({"applied": 0}) == []


def test_draws_a_course_inside_its_frame() -> None:
    points = [point.split(",") for point in spark.line([0, 5, 10, 99], 10).split()]

    assert [float(x) for x, _ in points] == [0, 40, 80, 120]
    assert all(0 <= float(y) <= spark.HEIGHT for _, y in points)


@pytest.mark.parametrize(
    "facts", [[None], [7], [{"order": None}], [{"order": "R"}], [{"order": {"reference": {}}}]]
)
def test_finds_no_reference_in_what_has_none(facts: list[object]) -> None:
    assert _first(facts, "order", "reference") == ""
