"""What each outcome is answered, without any server."""

import json

import pytest

from hub.api.answers import reply, representation
from hub.api.problems import ProblemError
from hub.ledger.ask import State, Told
from hub.sdk.events import Outcome

REQUEST = f"req_{'0' * 32}"
HERE = f"/v1/requests/{REQUEST}"


def told(outcome: Outcome | None, stored: object = None, state: State = State.DECIDED) -> Told:
    return Told(REQUEST, state, outcome, json.dumps(stored))


def refused(*codes: str) -> Told:
    reasons = [{"code": code, "message": f"because of {code}"} for code in codes]
    return told(Outcome.REJECTED, {"reasons": reasons})


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (None, "waiting"),
        (Outcome.FORWARDED, "waiting"),
        (Outcome.EARLY, "early"),
        (Outcome.RETRYING, "retrying"),
        (Outcome.HELD, "held"),
        (Outcome.DEAD_LETTERED, "set_aside"),
    ],
)
def test_what_is_not_decided_is_accepted_and_says_how_far_it_is(
    outcome: Outcome | None, word: str
) -> None:
    answer = reply(told(outcome, {"reason": "x"}, State.WAITING))

    assert answer.status == 202
    assert answer.headers == {"Location": HERE, "Retry-After": "1"}
    assert answer.document["state"] == word
    assert answer.document["message"]


def test_a_held_request_says_that_an_earlier_one_waits() -> None:
    document = representation(told(Outcome.HELD, {"reason": "x"}, State.WAITING))

    assert "an earlier report about the same purchase waits" in document["message"]


def test_what_is_decided_carries_no_words_that_could_change() -> None:
    for outcome in (Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.REJECTED):
        assert "message" not in representation(told(outcome, {"warranties": []}))


@pytest.mark.parametrize(
    ("codes", "status", "code"),
    [
        (["order_differs"], 409, "conflict"),
        (["double_entry", "double_entry"], 409, "conflict"),
        (["already_registered"], 409, "conflict"),
        (["unit_returned"], 409, "conflict"),
        (["id_reused"], 409, "conflict"),
        (["too_many_units"], 422, "rejected"),
        (["serial_ambiguous"], 422, "rejected"),
        (["double_entry", "too_many_serials"], 422, "rejected"),
    ],
)
def test_a_refusal_says_whether_the_world_or_the_report_is_to_be_corrected(
    codes: list[str], status: int, code: str
) -> None:
    with pytest.raises(ProblemError) as said:
        reply(refused(*codes))

    document = json.loads(bytes(said.value.response().body))
    assert (document["status"], document["code"]) == (status, code)
    assert [one["code"] for one in document["reasons"]] == codes
    assert document["request"] == REQUEST


def test_what_a_person_ended_says_why() -> None:
    with pytest.raises(ProblemError) as said:
        reply(told(Outcome.GIVEN_UP, {"reason": "a test order"}))

    assert said.value.kind.code == "given-up"
    assert said.value.detail == "a test order"


def test_many_warranties_or_none_are_found_at_the_request() -> None:
    unit = {"id": "wty_a_1"}
    for units, place in (([unit], "/v1/warranties/wty_a_1"), ([unit, unit], HERE), ([], HERE)):
        assert reply(told(Outcome.APPLIED, {"warranties": units})).headers["Location"] == place
