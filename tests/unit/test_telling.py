"""What owners' pages say of an endpoint, and what they take an address or a form to mean."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.delivery.endpoints import Endpoint
from hub.delivery.overview import MOST_COUNTED, Overview
from hub.recovery.spot import NotPossibleError
from hub.web.telling.asked import (
    chosen_of,
    fields_of,
    fields_of_chosen,
    joined,
    rate_of,
    wanted_of,
)
from hub.web.telling.words import counted, standing

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ENDPOINT = Endpoint(
    id="ep_" + "0" * 20,
    kind="http",
    address="https://shop.example.com/hook",
    about="",
    types=[],
    branches=[],
    suppliers=[],
    payload="thin",
    ordering="none",
    rate=50.0,
    at_once=8,
    timeout=15.0,
    locale="en",
    state="active",
    state_why="",
    version=1,
    created_at=NOW,
    changed_at=NOW,
    failing_since=None,
    breaker_since=None,
)


def endpoint(**more: object) -> Endpoint:
    """One that is well, but for this."""
    return msgspec.structs.replace(ENDPOINT, **more)


@pytest.mark.parametrize(
    ("one", "seen", "level", "said"),
    [
        (endpoint(), Overview(), "fine", "Nothing is to be done"),
        (endpoint(), Overview(due=3, later=2), "fine", "Nothing is to be done"),
        (endpoint(), Overview(dead=1), "look", "1 delivery is dead"),
        (endpoint(), Overview(dead=MOST_COUNTED), "look", "10\u202f000 or more deliveries are"),
        (endpoint(state="paused"), Overview(due=1), "look", "1 waits for it"),
        (
            endpoint(state="disabled", state_why="it answered 410", failing_since=NOW),
            Overview(dead=2),
            "act",
            "it answered 410; nothing waits for it, 2 are dead",
        ),
        (
            endpoint(failing_since=NOW - timedelta(hours=3)),
            Overview(due=1, later=4),
            "look",
            "since 2026-01-31 09:00 UTC, for 3 h; 5 wait for it",
        ),
        (
            endpoint(failing_since=NOW, breaker_since=NOW),
            Overview(),
            "act",
            "one attempt at a time",
        ),
    ],
)
def test_the_worst_of_an_endpoint_is_said_first(
    one: Endpoint, seen: Overview, level: str, said: str
) -> None:
    found = standing(one, seen, NOW)

    assert (found.level, said in found.says) == (level, True), found
    assert bool(found.do) == (level != "fine")


def test_an_endpoint_that_fails_is_told_when_it_is_disabled() -> None:
    found = standing(endpoint(failing_since=NOW), Overview(), NOW)

    assert "it is disabled at 2026-02-05 12:00 UTC" in found.do


def test_what_was_counted_to_the_end_is_said_so() -> None:
    assert (counted(9_999), counted(10_000)) == ("9\u202f999", "10\u202f000 or more")


def test_what_is_to_be_sent_again_survives_its_form() -> None:
    pairs = [("state", "dead"), ("state", "skipped"), ("delivery", "1"), ("delivery", "2")]
    pairs += [("endpoint", ENDPOINT.id), ("type", "warranty.ended.v1"), ("subject", " wty_1 ")]
    pairs += [("since", "2026-01-01T00:00:00"), ("until", "2026-01-02T00:00:00+01:00")]
    chosen = chosen_of(joined(pairs))

    assert chosen.states == ["dead", "skipped"]
    assert (chosen.deliveries, chosen.subject) == ([1, 2], "wty_1")
    assert chosen.until == datetime(2026, 1, 1, 23, tzinfo=UTC)
    assert chosen_of(fields_of_chosen(chosen)) == chosen


def test_a_choice_is_of_the_dead_unless_more_is_said_or_some_are_picked() -> None:
    assert chosen_of({}).states == ["dead"]
    assert chosen_of({"delivery": "7"}).states == ["dead", "delivered", "skipped"]
    assert chosen_of({"delivery": "7", "state": "dead"}).states == ["dead"]


@pytest.mark.parametrize(
    "sent",
    [
        {"state": "waiting"},
        {"state": "dead,x"},
        {"picked": "yes"},
        {"picked": "yes", "delivery": ""},
        {"delivery": "1,x"},
        {"delivery": "-1"},
        {"endpoint": "ep_1"},
        {"type": "x"},
        {"since": "x"},
        {"since": "2026-01-02", "until": "2026-01-02"},
    ],
)
def test_less_of_a_filter_is_never_more_of_a_replay(sent: dict[str, str]) -> None:
    with pytest.raises(NotPossibleError):
        chosen_of(sent)


def test_a_list_leaves_out_what_cannot_be_meant_and_keeps_the_rest() -> None:
    asked = {"state": "x", "type": "y", "since": "z", "endpoint": "w", "subject": "wty_1"}

    assert fields_of(wanted_of(asked, None)) == {"subject": "wty_1"}
    assert wanted_of({"endpoint": "w"}, ENDPOINT.id).endpoint == ENDPOINT.id


@pytest.mark.parametrize(("text", "rate"), [("", None), ("0,5", 0.5), ("10000", 10_000.0)])
def test_a_rate_is_read_as_it_is_written(text: str, rate: float | None) -> None:
    assert rate_of({"rate": text}) == rate


@pytest.mark.parametrize("text", ["x", "0", "nan", "inf", "10001"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(NotPossibleError, match="between"):
        rate_of({"rate": text})
