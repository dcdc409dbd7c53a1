"""Claims in the words of other systems: nothing that a vendor says is lost, and no state is told in two ways."""

from typing import get_args

import pytest

from connectors.sdk import UntranslatableError
from connectors.sdk.claim_states import (
    TABLE,
    X12_1172,
    Value,
    Vendor,
    VendorState,
    from_vendor,
    to_vendor,
    values_of,
)
from schemas.events.claim import Denial, State

VENDORS: tuple[Vendor, ...] = get_args(Vendor)
STATES: tuple[State, ...] = get_args(State)
EVERY = [(vendor, value) for vendor in VENDORS for value in values_of(vendor)]


@pytest.mark.parametrize(("vendor", "value"), EVERY)
def test_a_vendor_is_told_back_what_it_said(vendor: Vendor, value: str) -> None:
    assert to_vendor(vendor, from_vendor(vendor, value)) == value
    assert from_vendor(vendor, value).told_back == value


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_state_has_one_value_or_is_declared_as_not_sent(vendor: Vendor) -> None:
    assert set(TABLE[vendor]) == set(STATES)
    for state in STATES:
        sent = to_vendor(vendor, state)
        assert sent is None or sent in values_of(vendor), (
            "a vendor is told only what it says itself"
        )


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_value_means_two_states(vendor: Vendor) -> None:
    values = values_of(vendor)
    assert len({value.casefold() for value in values}) == len(values)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_told_means_the_same_or_what_the_vendor_has_for_it(vendor: Vendor) -> None:
    coarser: dict[State, set[State]] = {
        "staged": {"submitted"},
        "submitted": {"under_review"},
        "awaiting_info": {"under_review", "staged"},
        "partially_approved": {"approved"},
        "cancelled": {"resolved"},
    }
    for state in STATES:
        sent = to_vendor(vendor, state)
        if sent is not None:
            assert from_vendor(vendor, sent).state in {state} | coarser.get(state, set())


def test_a_state_of_one_vendor_is_told_to_another_in_its_own_words() -> None:
    heard = from_vendor("order_protection", "WAITING_FOR_BRAND")

    assert to_vendor("salesforce", heard) == "Under Review"
    assert to_vendor("order_protection", heard) == "WAITING_FOR_BRAND"
    assert to_vendor("idosell", "partially_approved") is None


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("Pending review", "under_review"),
        (" pending  REVIEW ", "under_review"),
        (2, "under_review"),
        ("2", "under_review"),
        (10, "denied"),
        (1, "submitted"),
        ("R", "awaiting_info"),
        ("D", "denied"),
        ("A", "approved"),
        (9, "partially_approved"),
    ],
)
def test_star_sends_numbers_texts_and_indicators(value: Value, state: State) -> None:
    heard = from_vendor("star", value)

    assert heard == VendorState("star", value, state)
    assert to_vendor("star", heard) == value


def test_one_letter_means_something_else_at_each_vendor() -> None:
    assert from_vendor("service_power", "R").state == "denied"
    assert from_vendor("star", "R").state == "awaiting_info"
    assert from_vendor("service_power", "D").state == "under_review"
    assert from_vendor("star", "D").state == "denied"


def test_what_is_dismissed_for_a_while_is_still_looked_at() -> None:
    heard = from_vendor("order_protection", "TEMPORARILY_DISMISSED")

    assert (heard.state, heard.reason) == ("under_review", "temporarily_dismissed")
    assert from_vendor("order_protection", "DISMISSED").state == "denied"
    assert from_vendor("order_protection", "OPEN").reason is None


def test_what_is_said_beside_the_state_counts() -> None:
    assert from_vendor("salesforce", "Approved").state == "approved"
    assert from_vendor("salesforce", "Approved+closed").state == "resolved"
    assert from_vendor("order_protection", "APPROVED+mixed").state == "partially_approved"


@pytest.mark.parametrize("value", ["REOPENED", "", 99, True, "10.0", "RR"])
@pytest.mark.parametrize("vendor", VENDORS)
def test_an_unknown_value_is_said_with_those_that_are_known(vendor: Vendor, value: Value) -> None:
    with pytest.raises(UntranslatableError) as refused:
        from_vendor(vendor, value)
    (fault,) = refused.value.faults
    assert fault.code == "claim_state_unknown"
    assert values_of(vendor)[0] in fault.message


def test_each_reason_of_a_denial_has_its_code_for_suppliers() -> None:
    assert set(X12_1172) == set(get_args(Denial))
    assert X12_1172["customer_damage"] == "CDR"
    assert X12_1172["too_late"] == "SUB"
    assert X12_1172["other"] is None
