"""Registrations: they give a unit its owner, found one whose sale is unknown, or are refused."""

from datetime import date

import pytest

from hub.sdk.events import Outcome
from tests.unit.story import Story, a_line, a_registration, a_return, a_sale, an_event

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


def test_stages_a_serial_that_means_several_products_until_one_is_left(story: Story) -> None:
    story.given(a_sale(A, a_line("saw", serials=["SN-1"])), a_registration(product=None))
    assert story.answers[-1]["warranties"][0]["status"] == "staged"
    story.given(a_return({"product": {"code": "saw"}}))
    story.pass_days(2)

    assert [(unit.product, unit.customer) for unit in story.covered] == [("drill", "ada")]


def test_refuses_a_serial_whose_units_all_came_back(story: Story) -> None:
    story.given(a_sale(A, a_line("saw", serials=["SN-1"])), a_return())
    story.given(a_registration(product=None, on=date(2026, 1, 9)))

    assert story.codes == ["unit_returned"]


def test_refuses_an_unknown_tenant(story: Story) -> None:
    story.given(a_registration(tenant="nobody"))
    assert story.codes == ["unknown_tenant"]


def test_an_owner_may_name_the_product_later(story: Story) -> None:
    story.given(a_registration(product=None), a_registration(reference="reg-2"))
    assert story.words == ["activated SN-1 2026-01-01..2028-01-01 by portal"]
    assert story.timers == {}
    assert story.codes == []


def test_registrations_without_serial_found_a_unit_each(story: Story) -> None:
    story.given(a_registration(None), a_registration(None, reference="reg-2"))
    assert len(story.covered) == 2


def test_refuses_a_registration_that_is_still_to_come(story: Story) -> None:
    story.given(a_registration(fact={"registered_at": "2026-01-02T12:00:00Z"}))
    assert len(story.covered) == 1
    late = {"registered_at": "2026-01-02T12:00:00.000001Z"}
    story.given(a_registration("SN-2", reference="reg-2", fact=late))
    assert story.codes == ["registered_in_future"]


def test_refuses_a_purchase_later_than_the_day_after_its_receipt(story: Story) -> None:
    """It is never later than the registration, and that is at most 24 h after its receipt."""
    late = {"registered_at": "2026-01-02T12:00:00Z", "purchased_on": "2026-01-02"}
    story.given(a_registration(fact=late))
    late |= {"purchased_on": "2026-01-03"}
    story.given(a_registration("SN-2", reference="reg-2", fact=late))
    assert story.codes == ["purchase_in_future"]


# The unit was sold again


def test_an_old_registration_gets_its_first_answer_though_the_unit_was_sold_again(
    story: Story,
) -> None:
    first = a_registration()
    story.given(
        a_sale(A),
        first,
        a_return(),
        a_sale(A, order="O-2", on=date(2026, 1, 1)),
        first,
        a_registration(id="again"),
    )
    assert story.outcomes[4:] == [Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[4] == story.answers[5]
    assert [unit.customer for unit in story.covered] == [None]


def test_a_registration_that_had_waited_gets_its_units_answer_though_it_was_sold_again(
    story: Story,
) -> None:
    waited = a_registration(product=None)
    story.given(
        waited,
        a_sale(A),
        a_return(),
        a_sale(A, order="O-2", on=date(2026, 1, 1)),
        waited,
    )
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert story.answers[-1]["warranties"][0]["id"] == story.units[0].id
    assert [unit.customer for unit in story.covered] == [None]


def test_refuses_an_owner_from_before_the_unit_was_sold_again(story: Story) -> None:
    """What was refused because the unit had come back is not taken once somebody else has it."""
    late = a_registration(on=date(2026, 1, 9))
    story.given(a_sale(A), a_return(), late, a_sale(A, order="O-2", on=date(2026, 2, 1)), late)
    assert story.codes == ["unit_returned", "unit_returned"]
    assert story.covered[0].follows == story.units[0].id
    story.given(a_registration(reference="reg-2", customer="eve", on=date(2026, 2, 1)))
    assert [unit.customer for unit in story.covered] == ["eve"]


def test_a_unit_that_gains_a_resold_serial_later_knows_whom_it_follows(story: Story) -> None:
    story.given(
        a_sale(A),
        a_return(),
        a_sale(order="O-2", on=date(2026, 2, 1)),
        a_sale(A, order="O-2", on=date(2026, 2, 1), by="erp"),
        a_registration(on=date(2026, 1, 9)),
    )
    assert story.codes == ["unit_returned"]


def test_the_same_reference_may_register_several_serials(story: Story) -> None:
    story.given(a_registration("A"), a_registration("B"))
    assert len(story.covered) == 2


def test_a_registration_was_taken_only_once(story: Story) -> None:
    """Its repeat is told to the unit sold anew before the letter of the first finds its own."""
    story.given(a_registration(product=None))
    story.tell(a_sale(A))
    story.deliver(lambda _: 0)
    taken = next(
        s.arrival.event
        for s in story.settled.values()
        if "registration.linked" in s.arrival.event.type
    )
    story.given(a_return(), a_sale(A, order="O-2"))
    other = taken.fact.model_copy(update={"warranty": story.covered[0].id})
    story.given(an_event(other, by="hub", day=date(2026, 1, 1), id="astray"))
    assert story.covered[0].customer is None
