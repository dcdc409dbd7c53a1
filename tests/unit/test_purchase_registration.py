"""Registrations: they give a unit its owner, found one whose sale is unknown, or wait for it."""

from datetime import date

import pytest

from hub.sdk.events import Outcome
from tests.unit.story import Story, a_line, a_registration, a_return, a_sale

A = a_line(serials=["SN-1"])


def test_gives_a_sold_unit_its_owner_and_leaves_its_dates(story: Story) -> None:
    story.given(
        a_sale(A, customer="bob"),
        a_registration("sn-1", fact={"purchased_on": "2025-01-01", "branch": "web"}),
    )
    assert story.words == [
        "activated SN-1 2026-01-01..2028-01-01 by till",
        "linked SN-1 2026-01-01..2028-01-01 by portal",
    ]
    assert story.units[0].customer == "ada"
    assert story.said[-1].branch == "web"  # type: ignore[attr-defined]


def test_finds_the_sold_unit_by_serial_alone(story: Story) -> None:
    story.given(a_sale(A), a_registration(product=None))
    assert len(story.units) == 1
    assert story.units[0].customer == "ada"


def test_founds_a_unit_whose_sale_is_unknown(story: Story) -> None:
    story.given(
        a_registration(on=date(2026, 3, 1), fact={"coverage_months": 12}),
        a_registration(None, reference="no-serial", fact={"purchased_on": "2025-05-31"}),
    )
    assert story.words == [
        "activated SN-1 2026-03-01..2027-03-01 by portal",
        "activated unit 2025-05-31..2027-05-31 by portal",
    ]


@pytest.mark.parametrize("serial", ["SN-1", None])
def test_answers_a_repeated_registration_with_the_first_answer(
    story: Story, serial: str | None
) -> None:
    story.given(a_registration(serial), a_registration(serial, id="again"))
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]
    assert len(story.said) == 1


def test_the_same_owner_registers_once_whatever_the_reference(story: Story) -> None:
    story.given(a_registration(), a_registration(reference="reg-2", by="app"))
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]


def test_refuses_a_second_owner_without_saying_who_the_first_is(story: Story) -> None:
    story.given(a_registration(), a_registration(reference="reg-2", customer="eve"))
    assert story.codes == ["already_registered"]
    assert "ada" not in str(story.answers[1])


def test_a_registration_without_owner_gains_one(story: Story) -> None:
    story.given(
        a_registration(customer=None),
        a_registration(reference="reg-2", customer=None),
        a_registration(reference="reg-3"),
        a_registration(reference="reg-4", customer=None),
    )
    assert story.outcomes[1:] == [Outcome.DEDUPLICATED, Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.units[0].customer == "ada"


def test_refuses_a_unit_that_came_back(story: Story) -> None:
    story.given(a_sale(A), a_return(), a_registration(), a_registration(product=None, id="other"))
    assert story.codes == ["unit_returned", "unit_returned"]


def test_repeats_the_first_answer_even_after_the_return(story: Story) -> None:
    story.given(a_sale(A), a_registration(), a_return(), a_registration(id="again"))
    assert story.answers[1] == story.answers[3]


def test_refuses_a_purchase_in_the_future(story: Story) -> None:
    story.given(a_registration(fact={"purchased_on": "2026-01-02"}))
    assert story.codes == ["purchase_in_future"]


def test_refuses_what_names_nothing(story: Story) -> None:
    story.given(a_registration(None, product=None))
    assert story.codes == ["product_unknown"]


def test_refuses_a_serial_that_means_several_products(story: Story) -> None:
    story.given(a_sale(A, a_line("saw", serials=["SN-1"])), a_registration(product=None))
    assert story.codes == ["serial_ambiguous"]
    story.given(a_return(), a_registration(product=None, id="later"))
    assert story.codes == ["serial_ambiguous", "unit_returned"]


def test_refuses_an_unknown_tenant(story: Story) -> None:
    story.given(a_registration(tenant="nobody"))
    assert story.codes == ["unknown_tenant"]


def test_waits_for_the_sale_that_names_the_product(story: Story) -> None:
    story.given(a_registration(product=None))
    assert story.said == []
    assert story.answers == [
        {
            "warranties": [
                {
                    "line": None,
                    "id": None,
                    "serial": "SN-1",
                    "starts_on": None,
                    "ends_on": None,
                    "status": "staged",
                }
            ]
        }
    ]

    story.given(a_sale(A, on=date(2026, 1, 2)))
    story.pass_days(3)
    assert story.words == [
        "activated SN-1 2026-01-02..2028-01-02 by till",
        "linked SN-1 2026-01-02..2028-01-02 by portal",
    ]
    assert story.units[0].customer == "ada"
    assert story.timers == {}


def test_gives_up_when_no_sale_names_the_product(story: Story) -> None:
    story.given(a_registration(product=None))
    story.pass_days(8)
    assert story.codes == ["product_unknown"]
    assert story.said[0].event.startswith("portal-")  # type: ignore[attr-defined]
    assert story.timers == {}


def test_gives_up_when_several_products_have_the_serial(story: Story) -> None:
    story.given(a_registration(product=None), a_sale(A, a_line("saw", serials=["SN-1"])))
    story.pass_days(8)
    assert story.codes == ["serial_ambiguous"]


def test_two_registrations_of_one_serial_meet_while_they_wait(story: Story) -> None:
    story.given(
        a_registration(product=None),
        a_registration(product=None, id="again"),
        a_registration(product=None, reference="reg-2", customer=None),
        a_registration(product=None, reference="reg-3", customer="eve"),
        a_registration(reference="reg-4", customer="eve"),
    )
    assert story.outcomes == [
        Outcome.APPLIED,
        Outcome.DEDUPLICATED,
        Outcome.DEDUPLICATED,
        Outcome.REJECTED,
        Outcome.REJECTED,
    ]
    assert story.codes == ["already_registered", "already_registered"]


def test_an_owner_may_name_the_product_later(story: Story) -> None:
    story.given(a_registration(product=None), a_registration(reference="reg-2"))
    story.pass_days(2)
    assert story.words == ["activated SN-1 2026-01-01..2028-01-01 by portal"]
    assert story.timers == {}
    assert story.codes == []


def test_registrations_without_serial_found_a_unit_each(story: Story) -> None:
    story.given(a_registration(None), a_registration(None, reference="reg-2"))
    assert len(story.covered) == 2


def test_an_owner_may_wait_beside_a_registration_that_names_none(story: Story) -> None:
    story.given(
        a_registration(product=None, customer=None),
        a_registration(product=None, reference="reg-2"),
        a_sale(A, on=date(2026, 1, 2)),
    )
    story.pass_days(3)
    assert story.units[0].customer == "ada"
