"""What a merchant asks of a registration: fields that have to be there, serials that look right."""

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from hub.domain.policies.versions import PolicyVersion
from hub.sdk.events import CustomerRef, Event, Outcome
from schemas.events.warranty import WarrantyRefused
from schemas.policies.serial_rules import SerialRulesPolicy
from tests.unit.by_hand import a_policy
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_sale, a_serial

ALL = ("serial", "product", "purchased_on", "branch", "email", "phone", "name")
LETTERS = {"pattern": "[A-Z]{2}-[0-9]+"}


def requiring(*fields: str, **more: Any) -> PolicyVersion:
    return a_policy("required_fields", {"registration": fields}, **more)


def looking_like(*rules: dict[str, Any], unknown: str = "stage", **more: Any) -> PolicyVersion:
    return a_policy("serial_rules", {"rules": rules, "unknown": unknown}, **more)


def read_rules(*rules: dict[str, Any]) -> SerialRulesPolicy:
    return SerialRulesPolicy.model_validate_json(json.dumps({"rules": rules}))


def under(*policies: PolicyVersion) -> Story:
    story = Story()
    story.policies = list(policies)
    return story


def reachable(event: Event) -> Event:
    return msgspec.structs.replace(event, customer=CustomerRef("ada", "e", "p", named=True))


# P13: required fields


def test_p13_every_missing_field_is_told_at_once() -> None:
    story = under(requiring(*ALL))
    story.given(a_registration(None, customer=None))

    (said,) = story.said
    assert isinstance(said, WarrantyRefused)
    assert {reason.code for reason in said.reasons} == {"field_missing"}
    assert [reason.message.split()[0] for reason in said.reasons] == [
        name for name in ALL if name != "product"
    ]
    assert "version 1 of required_fields" in said.reasons[0].message


def test_p13_a_registration_that_has_them_all_is_taken() -> None:
    story = under(requiring(*ALL))
    told = {"purchased_on": "2025-12-24", "branch": "Kadikoy"}
    story.given(reachable(a_registration(fact=told)))

    assert story.outcomes == [Outcome.APPLIED]


@pytest.mark.parametrize(
    ("field", "customer"),
    [
        ("email", CustomerRef("ada", None, "p", named=True)),
        ("phone", CustomerRef("ada", "e", None, named=True)),
        ("name", CustomerRef("ada", "e", "p")),
    ],
)
def test_p13_contacts_are_asked_for_one_by_one(field: str, customer: CustomerRef) -> None:
    story = under(requiring("email", "phone", "name"))
    story.given(msgspec.structs.replace(a_registration(), customer=customer))

    assert [reason.message.split()[0] for reason in story.said[0].reasons] == [field]  # type: ignore[attr-defined]


def test_p13_what_counts_is_what_was_required_when_it_was_registered() -> None:
    begins = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)
    story = under(requiring("branch", begins=begins))
    story.given(
        a_registration(),
        a_registration("SN-2", reference="reg-2", on=date(2026, 1, 2)),
        a_registration(id="again"),
    )

    assert story.outcomes == [Outcome.APPLIED, Outcome.REJECTED, Outcome.DEDUPLICATED]


def test_a_sale_is_asked_for_nothing_but_what_every_sale_has() -> None:
    story = under(requiring(*ALL), looking_like(LETTERS))
    story.given(a_sale(a_line(serials=["as scanned"])))

    assert story.outcomes == [Outcome.APPLIED]


# What a serial looks like, P3


def test_p3_a_serial_that_looks_wrong_is_refused_and_says_what_to_do() -> None:
    story = under(looking_like(LETTERS))
    story.given(a_registration("12345"))

    assert story.codes == ["serial_malformed"]
    message = story.said[0].reasons[0].message  # type: ignore[attr-defined]
    assert "copy it from the label" in message
    assert "12345" not in message


@pytest.mark.parametrize("serial", ["ab-1", " A B - 1", "\uff21\uff22-1"])
def test_p3_it_is_normalised_before_it_is_compared_and_kept_as_given(serial: str) -> None:
    story = under(looking_like(LETTERS))
    story.given(a_registration(serial))

    assert story.codes == []
    assert [unit.serial for unit in story.units] == [serial.strip()]


def test_p3_a_pattern_has_to_fit_the_whole_serial_unless_it_is_a_prefix() -> None:
    whole, prefix = under(looking_like(LETTERS)), under(looking_like(LETTERS | {"match": "prefix"}))
    for story in (whole, prefix):
        story.given(a_registration("AB-1-X"))

    assert (whole.codes, prefix.codes) == (["serial_malformed"], [])


def test_p3_format_comes_before_uniqueness() -> None:
    story = under(looking_like(LETTERS))
    story.given(a_sale(a_line(serials=["12345"])), a_registration("12345"))

    assert story.codes == ["serial_malformed"]


def test_p3_a_serial_is_one_units_and_its_owner_has_it() -> None:
    story = under(looking_like(LETTERS))
    story.given(a_registration("AB-1"), a_registration("ab-1", reference="r", customer="eve"))

    assert story.codes == ["already_registered"]


def test_p3_of_an_unknown_product_any_rule_may_let_it_pass() -> None:
    rules = read_rules({"pattern": "[0-9]+", "product": "drill"}, LETTERS)

    assert [rules.allows(one, None) for one in ("12", "AB-1", "AB")] == [True, True, False]
    assert [rules.allows(one, "drill") for one in ("12", "AB-1")] == [True, False]
    assert [rules.allows(one, "saw") for one in ("12", "AB-1")] == [False, True]


def test_p3_what_has_no_rule_looks_as_it_likes() -> None:
    rules = read_rules({"pattern": "[0-9]+", "product": "drill"})

    assert rules.allows("anything", "saw")
    assert rules.allows("anything", None)


def test_p4_an_unknown_serial_is_staged_or_refused_as_the_merchant_says() -> None:
    stages, refuses = under(looking_like(LETTERS)), under(looking_like(LETTERS, unknown="refuse"))
    for story in (stages, refuses):
        story.given(a_registration("AB-1", product=None))

    assert stages.answers[0]["warranties"][0]["status"] == "staged"
    assert refuses.codes == ["serial_unknown"]
    refuses.given(a_sale(a_line(serials=["AB-1"])), a_registration("AB-1", None, id="later"))
    assert [unit.customer for unit in refuses.units] == ["ada"]


def test_an_attached_serial_has_to_look_right_too() -> None:
    story = under(looking_like(LETTERS))
    story.given(a_sale(on=NEW_YEAR))
    story.given(a_serial(story.units[0].id, "12345"), a_serial(story.units[0].id, "AB-1"))

    assert story.codes == ["serial_malformed"]
    assert [unit.serial for unit in story.units] == ["AB-1"]
