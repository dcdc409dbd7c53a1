"""A unit changes hands: one ownership ends, the next begins, and its dates stay."""

from collections import Counter
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from hub.sdk.events import Outcome
from schemas.events.warranty import WarrantyTransferred
from tests.unit.by_hand import a_change, who
from tests.unit.story import (
    NEW_YEAR,
    Story,
    a_deletion,
    a_line,
    a_registration,
    a_return,
    a_sale,
    a_transfer,
    rows_of,
)
from tests.unit.test_purchase_extension import A, a_coverage, extending, terms

TWO_YEARS = date(2028, 1, 1)


def owned(**drill: Any) -> tuple[Story, str]:
    """A drill that ada has registered, whose cover may go on."""
    story = extending(a_coverage(**({"transferable": True} | drill)))
    story.given(a_sale(A), a_registration())
    story.said.clear()
    return story, story.units[0].id


def test_p7_a_transfer_ends_one_ownership_and_opens_the_next() -> None:
    story, warranty = owned()
    story.given(a_transfer(warranty))

    (said,) = story.said
    assert isinstance(said, WarrantyTransferred)
    assert (said.customer, said.transferred_on, said.policy_version) == (
        "bob",
        date(2026, 1, 31),
        1,
    )
    (unit,) = story.units
    assert (unit.customer, unit.starts_on, unit.ends_on) == ("bob", NEW_YEAR, TWO_YEARS)
    assert story.answers[-1] == {
        "transfer": {
            "warranty": warranty,
            "reference": "hand-1",
            "transferred_on": "2026-01-31",
        }
    }


def test_p7_where_cover_ends_with_its_owner_nothing_is_transferred() -> None:
    story, warranty = owned(transferable=False)
    story.given(a_transfer(warranty))

    assert story.codes == ["not_transferable"]
    assert story.units[0].customer == "ada"


def test_p7_without_a_policy_nothing_is_transferred(story: Story) -> None:
    story.given(a_sale(A), a_registration())
    story.given(a_transfer(story.units[0].id))

    assert story.codes == ["not_transferable"]
    assert "no coverage policy" in story.said[-1].reasons[0].message  # type: ignore[attr-defined]


def test_p7_the_terms_of_the_sale_count_and_not_those_of_the_day() -> None:
    story, warranty = owned()
    story.policies.append(a_coverage(2, begins=story.units[0].rulings[0].at + timedelta(days=1)))
    story.given(a_transfer(warranty))

    assert story.units[0].transfers[0].version == 1


def test_p7_a_period_sold_with_the_line_is_transferred_by_what_counted_that_day() -> None:
    story = extending(a_coverage(transferable=True))
    story.given(a_sale(a_line(serials=["SN-1"], coverage_months=6)))
    story.given(a_transfer(story.units[0].id))

    (unit,) = story.units
    assert (unit.customer, unit.ends_on) == ("bob", date(2026, 7, 1))


def test_p7_a_repeat_is_answered_and_another_content_refused() -> None:
    story, warranty = owned()
    story.given(
        a_transfer(warranty),
        a_transfer(warranty, id="again"),
        a_transfer(warranty, customer="eve", id="other"),
    )

    assert story.answers[2] == story.answers[3]
    assert story.outcomes[-2] is Outcome.DEDUPLICATED
    assert story.codes == ["transfer_differs"]


def test_p7_what_is_the_owners_already_changes_nothing() -> None:
    story, warranty = owned()
    story.given(a_transfer(warranty, customer="ada"))

    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert story.said == []
    assert story.units[0].transfers == ()


def test_p7_only_its_owner_of_then_gives_it_away_where_he_is_named() -> None:
    story, warranty = owned()
    story.given(
        a_transfer(warranty, given_by="eve"),
        a_transfer(warranty, given_by="ada", id="yes"),
        a_transfer(warranty, given_by="ada", reference="hand-2", on=date(2026, 2, 9), customer="x"),
    )

    assert story.codes == ["owner_differs", "owner_differs"]
    assert story.units[0].customer == "bob"
    assert "bob" not in str(story.answers)


def test_whoever_it_went_to_last_owns_it_in_whatever_order_that_was_told() -> None:
    ends = []
    hands = [("bob", 10), ("cem", 20), ("dana", 15)]
    for order in permutations(hands):
        story, warranty = owned()
        for customer, days in order:
            on = NEW_YEAR + timedelta(days=days)
            story.given(a_transfer(warranty, customer=customer, on=on, reference=customer))
        ends.append((story.units[0].customer, Counter(story.units[0].transfers)))

    assert ends[0][0] == "cem"
    assert all(end == ends[0] for end in ends)


def test_what_came_back_or_ended_goes_on_with_nobody() -> None:
    story, warranty = owned()
    story.given(a_change(warranty, by=who("owner")), a_transfer(warranty))
    story.given(a_return(on=date(2026, 3, 11)), a_transfer(warranty, id="later"))

    assert story.codes == ["already_ended", "unit_returned"]


def test_a_unit_of_a_deleted_order_goes_on_with_nobody() -> None:
    story = extending(a_coverage(transferable=True))
    story.given(a_sale(A), a_deletion())
    story.given(a_transfer(story.units[0].id))

    assert story.codes == ["unit_returned"]


def test_refuses_a_transfer_before_the_sale_to_nobody_or_of_nothing() -> None:
    story, warranty = owned()
    story.given(
        a_transfer(warranty, on=date(2025, 12, 31)),
        a_transfer(warranty, customer=None, id="nobody"),
        a_transfer("wty_aaaaaaaaaaaaaaaa_1", id="nothing"),
        a_transfer("nonsense", id="nonsense"),
    )

    assert story.codes == [
        *("transferred_before_sale", "owner_missing"),
        *("unknown_warranty", "unknown_warranty"),
    ]


def test_a_unit_changes_hands_so_often_and_not_without_end() -> None:
    story, warranty = owned()
    for n in range(101):
        on = NEW_YEAR + timedelta(days=n)
        story.given(a_transfer(warranty, reference=f"t{n}", customer=f"c{n}", on=on))

    assert story.codes == ["too_many_transfers"]


# Registrations of what changed hands


def test_p5_the_new_owner_registers_what_is_his_and_the_old_one_does_not() -> None:
    story, warranty = owned()
    story.given(
        a_transfer(warranty),
        a_registration(reference="reg-2", customer="bob", on=date(2026, 2, 1)),
        a_registration(reference="reg-3", customer="ada", on=date(2026, 2, 1)),
        a_registration(reference="reg-4", customer="eve", on=date(2026, 2, 1)),
    )

    assert story.codes == ["already_registered", "already_registered"]
    assert story.units[0].customer == "bob"


def test_p5_the_old_owners_registration_still_gets_its_first_answer() -> None:
    story, warranty = owned()
    story.given(a_transfer(warranty), a_registration(id="again"))

    assert story.answers[-1] == story.answers[1]
    assert story.units[0].customer == "bob"


def test_whoever_is_given_an_unregistered_unit_extends_it_by_registering() -> None:
    story = extending(a_coverage(transferable=True))
    story.given(a_sale(A, customer="ada"))
    story.given(
        a_transfer(story.units[0].id),
        a_registration(reference="late", customer="ada"),
        a_registration(customer="bob", on=date(2026, 2, 1)),
    )

    (unit,) = story.units
    assert (unit.customer, unit.ends_on) == ("bob", TWO_YEARS)
    assert story.codes == ["already_registered"]


def test_a_sale_that_is_linked_later_leaves_it_with_its_new_owner() -> None:
    story = extending(a_coverage(**terms(12, 24, transferable=True)))
    story.given(a_registration())
    story.given(a_transfer(story.units[0].id), a_sale(A, customer="ada"))

    assert [unit.customer for unit in story.units] == ["bob"]


def test_the_same_transfer_twice_is_one() -> None:
    once, warranty = owned()
    twice, _ = owned()
    once.given(a_transfer(warranty))
    twice.given(a_transfer(warranty), a_transfer(warranty), a_transfer(warranty, id="again"))

    assert rows_of(once) == rows_of(twice)


@pytest.mark.parametrize("seconds", [0, 1])
def test_refuses_a_transfer_that_is_still_to_come(seconds: int) -> None:
    story, warranty = owned()
    event = a_transfer(warranty)
    ahead = event.time + timedelta(hours=24, seconds=seconds)
    fact = event.fact.model_copy(update={"transferred_at": ahead})
    story.given(
        type(event)(**{f: getattr(event, f) for f in event.__struct_fields__} | {"fact": fact})
    )

    assert story.codes == ["transferred_in_future"] * seconds
