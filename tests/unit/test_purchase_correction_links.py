"""Corrections reach owners, registrations and units in other homes, or ask a person."""

from typing import Any

import msgspec
import pytest

from hub.sdk.events import Event, Outcome
from schemas.events.link import LinkRefused, SaleLinked
from tests.unit.revised import FEB_1, LATER, told
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale

# Owners


def test_a_registered_unit_that_was_not_sold_stays_with_its_owner(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"]), on=FEB_1),
        a_registration("A", on=LATER),
        told(a_line(serials=["B"]), on=FEB_1, revision=2),
    )
    assert [(u.serial, u.starts_on, u.customer) for u in story.covered] == [
        ("A", LATER, "ada"),
        ("B", FEB_1, None),
    ]
    assert [word.split()[0] for word in story.words] == [
        "activated",
        "linked",
        "corrected",
        "activated",
    ]
    # It is none of this order's units any more, until somebody says so.
    story.given(a_sale(a_line(), by="web"), a_sale(a_line(serials=["A"]), by="erp", on=FEB_1))
    assert [unit.serial for unit in story.covered] == ["A", "B"]
    assert story.outcomes[-1] is Outcome.APPLIED
    story.given(a_return())
    assert story.covered == []


def test_a_correction_finds_the_unit_that_stayed_with_its_owner(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_registration("A"),
        told(a_line(serials=["B"]), revision=2),
        told(a_line(serials=["A"]), revision=3),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [
        ("A", "covered"),
        ("B", "ended"),
    ]
    assert len(story.units[0].reports) == 2


def test_a_person_decides_which_product_an_owner_has(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_registration("A"),
        told(a_line("saw", serials=["A"]), revision=2),
    )
    assert story.codes == ["correction_needs_person"]
    assert [unit.product for unit in story.covered] == ["drill"]


# Units of other homes


def test_a_corrected_day_reaches_the_unit_in_its_home(story: Story) -> None:
    story.given(
        a_registration("A"),
        told(a_line(serials=["A"]), on=FEB_1),
        told(a_line(serials=["A"]), on=LATER, revision=2),
    )
    assert story.words[1:] == [
        "linked A 2026-02-01..2028-02-01 by till",
        "corrected A 2026-03-01..2028-03-01 by till",
    ]
    assert story.answers[-1]["warranties"][0]["starts_on"] == "2026-03-01"
    assert [pointer.state for pointer in story.heads[-1].pointers] == ["linked"]
    assert story.timers == {}


def test_letters_of_an_earlier_revision_change_nothing_any_more(story: Story) -> None:
    story.given(a_registration("A"))
    story.tell(told(a_line(serials=["A"]), on=FEB_1))
    early = story.letters[0]
    story.deliver()
    story.given(told(a_line(serials=["A"]), on=LATER, revision=2))
    story.letters.append(msgspec.structs.replace(early, id="again"))
    story.deliver()
    assert story.units[0].starts_on == LATER


def test_a_later_revision_that_says_the_same_is_kept_in_silence(story: Story) -> None:
    story.given(a_registration("A"), told(a_line(serials=["A"])))
    letter = next(
        s.arrival.event for s in story.settled.values() if "sale.linked" in s.arrival.event.type
    )
    fact = letter.fact.model_copy(update={"revision": 3})
    story.letters.append(msgspec.structs.replace(letter, id="later", fact=fact))
    story.deliver()
    assert len(story.said) == 2
    assert [report.revision for report in story.units[0].reports] == [0, 3]


def test_a_correction_waits_until_the_link_is_answered(story: Story) -> None:
    story.given(a_registration("A"))
    story.tell(told(a_line(serials=["A"]), on=FEB_1))
    story.tell(told(a_line(serials=["A"]), on=LATER, revision=2))
    before = story.outcomes
    story.deliver()
    assert (before[-1], story.outcomes[-1]) == (Outcome.EARLY, Outcome.APPLIED)
    assert story.units[0].starts_on == LATER


def test_what_is_linked_and_not_concerned_stays(story: Story) -> None:
    linked = a_line(serials=["A"])
    story.given(
        a_registration("A"),
        told(linked, a_line()),
        told(linked, a_line(coverage_months=6), revision=2),
    )
    assert [word.split()[0] for word in story.words] == [
        "activated",
        "activated",
        "linked",
        "corrected",
    ]
    assert [one["status"] for one in story.answers[-1]["warranties"]] == ["covered", "covered"]
    types = [settled.arrival.event.type for settled in story.settled.values()]
    assert types.count(SaleLinked.TYPE) == 1


def test_a_person_decides_what_becomes_of_a_link_that_was_wrong(story: Story) -> None:
    story.given(
        a_registration("A"),
        told(a_line(serials=["A"])),
        told(a_line(serials=["B"]), revision=2),
    )
    assert story.codes == ["correction_needs_person"]
    assert story.said[-1].reasons[0].line == "1"  # type: ignore[attr-defined]
    assert [unit.serial for unit in story.covered] == ["A"]


def test_a_person_decides_when_two_links_would_be_of_different_sales(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["A"]), by="erp", order="E-1"),
        told(a_line(serials=["A"])),
        told(a_line(serials=["A"]), on=FEB_1, revision=2),
    )
    assert story.codes == ["correction_needs_person"]
    assert story.units[0].starts_on == NEW_YEAR


def test_the_right_serial_is_linked_where_its_owner_registered_it(story: Story) -> None:
    story.given(
        a_registration("B"),
        told(a_line(serials=["A"])),
        told(a_line(serials=["B"]), revision=2),
    )
    assert [(u.serial, u.status, u.order_reference) for u in story.units] == [
        ("B", "covered", "O-1"),
        ("A", "ended", "O-1"),
    ]
    story.given(a_return())
    assert story.covered == []


def test_a_line_whose_link_was_refused_is_decided_anew(story: Story) -> None:
    story.given(a_registration("A"))
    second = told(a_line(serials=["A"]), on=FEB_1)
    before = story.lookups(second)
    story.given(a_sale(a_line(serials=["A"]), order="O-9"))
    story.tell(second, before)
    story.deliver()
    story.given(told(a_line(serials=["B"]), on=FEB_1, revision=2))
    assert story.codes == ["double_entry"]
    assert [unit.serial for unit in story.covered] == ["A", "B"]
    assert story.heads[-1].pointers == ()


def test_other_sources_items_follow_to_a_linked_unit(story: Story) -> None:
    """One unit was sold: the one that two homes know of, whoever reported it without a serial."""
    story.given(
        a_registration("B"),
        told(a_line(serials=["A"])),
        a_registration("A", on=LATER),
        a_sale(a_line(), by="erp"),
        told(a_line(serials=["B"]), revision=2),
    )
    assert {u.serial: sorted(r.connector for r in u.reports) for u in story.covered} == {
        "A": ["portal"],
        "B": ["erp", "portal", "till"],
    }


def test_a_link_that_meets_a_serial_taken_back_is_refused(story: Story) -> None:
    story.given(told(a_line(serials=["A"])))
    story.tell(a_sale(a_line(serials=["A"]), by="erp", order="E-1"))
    letters, story.letters = story.letters, []
    story.given(told(a_line(serials=["B"]), revision=2))
    story.letters = letters
    story.deliver()
    assert story.codes == ["serial_corrected"]
    refusals = [s for s in story.settled.values() if s.arrival.event.type == LinkRefused.TYPE]
    assert len(refusals) == 1
    assert [unit.serial for unit in story.covered] == ["B"]


# Registrations


def test_a_corrected_registration_changes_owner_and_dates(story: Story) -> None:
    def registered(**rest: Any) -> Event:
        return a_registration("A", raw="raw-reg", id=f"reg-{rest['revision']}", **rest)

    story.given(
        registered(revision=1),
        registered(revision=3, customer="eve", fact={"coverage_months": 6}),
        registered(revision=2, customer="bob"),
        registered(revision=4, customer="eve", fact={"coverage_months": 6}),
    )
    assert story.words[1:] == ["corrected A 2026-01-01..2026-07-01 by portal"]
    assert story.outcomes[1:] == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[2] == story.answers[3]
    assert story.units[0].customer == "eve"
    assert story.units[0].reports[0].revision == 4


@pytest.mark.parametrize("serial", ["A", None])
def test_a_repeat_of_another_record_corrects_no_registration(
    story: Story, serial: str | None
) -> None:
    story.given(
        a_registration(serial, raw="one", revision=1),
        a_registration(serial, raw="two", revision=2, id="two", fact={"coverage_months": 6}),
    )
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.units[0].ends_on.year == 2028


def test_a_registration_that_waits_is_corrected_while_it_waits(story: Story) -> None:
    story.given(
        a_registration("A", product=None, raw="raw-reg", revision=1),
        a_registration("A", product=None, raw="raw-reg", revision=2, id="2", customer="eve"),
        a_registration("A", product=None, raw="raw-reg", revision=1, id="1", customer="bob"),
        a_sale(a_line(serials=["A"])),
    )
    assert story.covered[0].customer == "eve"


def test_two_sources_keep_their_links_to_one_unit(story: Story) -> None:
    story.given(
        a_registration("A"),
        told(a_line(serials=["A"]), on=FEB_1),
        a_sale(a_line(serials=["A"]), on=FEB_1, by="erp"),
        a_sale(a_line(), on=FEB_1, by="web"),
        told(a_line(serials=["A"]), on=LATER, revision=2),
    )
    assert len(story.units) == 1
    assert story.units[0].starts_on == FEB_1
    assert sorted(p.connector for p in story.heads[-1].pointers) == ["erp", "till", "web"]
