"""Corrections: another translation of the same record takes the place of what it said before."""

from datetime import date
from typing import Any

import msgspec
import pytest

from hub.processors.purchase.state import PurchaseRow
from hub.sdk.events import Event, Outcome, Tenant
from schemas.events.link import LinkRefused, SaleLinked
from schemas.events.parts import Order
from schemas.events.warranty import WarrantyCorrected
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale

FEB_1 = date(2026, 2, 1)
LATER = date(2026, 3, 1)


def told(*lines: dict[str, Any], revision: int = 1, by: str = "till", **rest: Any) -> Event:
    """What revision so much of the one record says."""
    rest = {"raw": f"raw-{by}", "id": f"{by}-{rest.get('order', '')}-{revision}", **rest}
    return a_sale(*lines, by=by, revision=revision, **rest)


def back(*lines: dict[str, Any], revision: int = 1, **rest: Any) -> Event:
    name = f"{rest.get('reference', 'back')}-{revision}"
    return a_return(*lines, revision=revision, id=name, **{"raw": "raw-back", **rest})


def test_a_corrected_day_moves_the_cover_and_keeps_the_warranty(story: Story) -> None:
    story.given(told(on=NEW_YEAR), told(on=FEB_1, revision=2, fact={"branch": "north"}))

    unit = story.units[0]
    assert story.said[1:] == [
        WarrantyCorrected(
            warranty=unit.id,
            starts_on=FEB_1,
            ends_on=date(2028, 2, 1),
            connector="till",
            by="sale",
            order=Order(namespace="shop", reference="O-1"),
            line="1",
            branch="north",
        )
    ]
    assert (unit.starts_on, unit.ends_on, unit.branch) == (FEB_1, date(2028, 2, 1), "north")
    assert story.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert story.answers[1]["warranties"] == [
        {
            "line": "1",
            "id": unit.id,
            "serial": None,
            "starts_on": "2026-02-01",
            "ends_on": "2028-02-01",
            "status": "covered",
        }
    ]


def test_the_same_content_of_a_later_revision_is_a_repeat_that_is_remembered(story: Story) -> None:
    story.given(
        told(),
        told(revision=3),
        told(a_line("saw"), revision=2),
        told(a_line("saw"), revision=4),
    )
    assert story.outcomes[1:3] == [Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1] == story.answers[2]
    assert [unit.product for unit in story.covered] == ["saw"]


def test_a_late_lower_revision_is_answered_with_what_stands(story: Story) -> None:
    story.given(told(a_line("saw"), revision=2), told())
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]
    assert len(story.said) == 1


def test_the_same_revision_does_not_correct_itself(story: Story) -> None:
    story.given(told(), told(a_line("saw"), id="other"))
    assert story.codes == ["order_differs"]


def test_another_record_of_the_order_is_no_correction(story: Story) -> None:
    story.given(told(), told(a_line("saw"), raw="another", revision=2))
    assert story.codes == ["order_differs"]


def test_a_record_that_came_twice_is_corrected_by_either(story: Story) -> None:
    """A till that sends everything twice has both records translated anew, in whatever order."""
    story.given(
        told(),
        told(raw="twin", id="twin-1"),
        told(a_line("saw"), raw="twin", id="twin-2", revision=2),
        told(a_line("saw"), revision=2),
    )
    assert story.outcomes[1:] == [Outcome.DEDUPLICATED, Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert [unit.product for unit in story.covered] == ["saw"]


def test_remembers_so_many_records_that_said_the_same_and_no_more(story: Story) -> None:
    story.given(told(), *(told(raw=f"raw-{n}", id=f"n-{n}") for n in range(12)))
    assert len(story.heads[0].sales[0].also) == 8


def test_a_correction_of_what_was_refused_is_simply_decided(story: Story) -> None:
    story.given(
        told(a_line(serials=["A", "B"])), told(a_line(serials=["A", "B"], quantity=2), revision=2)
    )
    assert story.outcomes == [Outcome.REJECTED, Outcome.APPLIED]
    assert [unit.serial for unit in story.covered] == ["A", "B"]


def test_a_refused_correction_changes_nothing(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["Z"]), order="O-9"),
        told(a_line(serials=["A"])),
        told(a_line(serials=["Z"]), revision=2),
        told(a_line(serials=["B"]), revision=3),
    )
    assert story.codes == ["double_entry"]
    assert story.outcomes[2:] == [Outcome.REJECTED, Outcome.APPLIED]
    assert [unit.serial for unit in story.covered] == ["Z", "B"]


def test_ends_what_was_never_sold_and_covers_what_was(story: Story) -> None:
    story.given(told(a_line(quantity=2)), told(a_line("saw"), a_line(), revision=2))
    assert story.words[2:] == [
        "ended unit 2026-01-01",
        "corrected unit 2026-01-01..2028-01-01 by till",
        "activated unit 2026-01-01..2028-01-01 by till",
    ]
    assert story.said[2].reason == "corrected"  # type: ignore[attr-defined]
    assert [(unit.product, unit.status) for unit in story.units] == [
        ("drill", "covered"),
        ("drill", "ended"),
        ("saw", "covered"),
    ]
    assert story.units[1].withdrawn


def test_says_nothing_where_only_lines_were_put_in_another_order(story: Story) -> None:
    lines = [a_line(line="1"), a_line("saw", line="2")]
    story.given(told(*lines), told(*reversed(lines), revision=2))
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert len(story.said) == 2


def test_a_line_under_another_number_is_news(story: Story) -> None:
    story.given(told(a_line(line="1")), told(a_line(line="7"), revision=2))
    assert story.said[-1].line == "7"  # type: ignore[attr-defined]
    story.given(a_return({"line": "7"}))
    assert story.covered == []


def test_a_new_default_of_the_merchant_corrects_nothing(story: Story) -> None:
    story.given(told())
    story.tenant = Tenant("acme", coverage_months=6, patience_days=7, version=2)
    story.given(told(revision=2))
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert story.units[0].ends_on == date(2028, 1, 1)


def test_rows_written_before_revisions_were_kept_are_read(story: Story) -> None:
    story.given(told(), back())
    doc = msgspec.json.decode(msgspec.json.encode(story.heads[0]))
    for name in ("raw", "revision"):
        del doc["sales"][0][name], doc["returns"][0][name]
    doc["sales"][0]["lines"] = [line[:5] for line in doc["sales"][0]["lines"]]
    row = msgspec.convert(doc, PurchaseRow)
    assert (row.sales[0].raw, row.sales[0].revision, row.returns[0].raw) == (None, 0, None)


# Serials


def test_a_serial_that_was_read_wrongly_is_renamed(story: Story) -> None:
    story.given(told(a_line(serials=["7"])), told(a_line(serials=["007"]), revision=2))
    assert story.words[1:] == ["corrected 007 2026-01-01..2028-01-01 by till"]
    assert [(unit.number, unit.serial) for unit in story.units] == [(1, "007")]


def test_the_wrong_serial_is_free_for_its_owner_and_the_right_one_is_taken(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        told(a_line(serials=["B"]), revision=2),
        a_sale(a_line(serials=["A"]), order="O-2"),
        a_sale(a_line(serials=["B"]), order="O-3"),
    )
    assert story.codes == ["double_entry"]
    assert [unit.serial for unit in story.covered] == ["B", "A"]
    assert all(unit.follows is None for unit in story.units)


def test_whoever_registers_the_wrong_serial_does_not_get_the_unit_with_the_right_one(
    story: Story,
) -> None:
    story.given(
        told(a_line(serials=["A"])),
        told(a_line(serials=["B"]), revision=2),
        a_registration("A"),
        a_registration("A", product=None, reference="reg-2", customer="eve"),
    )
    assert [(unit.serial, unit.customer) for unit in story.covered] == [("B", None), ("A", "ada")]


def test_a_serial_that_was_never_there_is_taken_off(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        told(a_line(), revision=2),
        a_sale(a_line(serials=["A"]), order="O-2"),
    )
    assert [unit.serial for unit in story.covered] == [None, "A"]


def test_serials_keep_to_their_units_and_their_places(story: Story) -> None:
    story.given(
        told(a_line(quantity=3, serials=["1", "2", "C"])),
        told(a_line(quantity=3, serials=["01", "02", "C"]), revision=2),
    )
    assert [unit.serial for unit in story.units] == ["01", "02", "C"]
    story.given(told(a_line(quantity=3, serials=["C", "002", "01"]), revision=3))
    assert [unit.serial for unit in story.units] == ["01", "002", "C"]


def test_another_source_keeps_the_serial_it_read_itself(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_sale(a_line(serials=["A"]), by="erp"),
        told(a_line(serials=["B"]), revision=2),
    )
    assert [(unit.serial, len(unit.reports)) for unit in story.covered] == [("A", 1), ("B", 1)]


def test_the_units_of_other_sources_stay_rather_than_ones_own(story: Story) -> None:
    story.given(
        told(a_line(quantity=2, serials=["A", "B"])),
        a_sale(a_line(serials=["B"]), by="erp"),
        told(a_line(), revision=2),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [
        ("A", "ended"),
        ("B", "covered"),
    ]


def test_the_unit_that_another_source_reports_stays_where_one_is_left(story: Story) -> None:
    story.given(
        told(a_line(quantity=2, serials=["A"])),
        a_sale(a_line(), by="erp"),
        told(a_line(), revision=2),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [
        ("A", "ended"),
        (None, "covered"),
    ]


def test_refuses_a_correction_to_more_than_a_thousand_units(story: Story) -> None:
    story.given(
        a_sale(a_line("saw", quantity=600), by="erp"),
        told(a_line(quantity=400)),
        told(a_line(quantity=401), revision=2),
    )
    assert story.codes == ["too_many_units"]
    assert len(story.covered) == 1000


def test_an_item_without_serial_is_rather_a_unit_without_one(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=2, serials=["A"]), by="erp"),
        told(a_line("saw")),
        told(a_line(coverage_months=60), revision=2),
    )
    assert [unit.ends_on.year for unit in story.covered] == [2028, 2031]


def test_takes_a_serial_of_a_unit_that_came_back_elsewhere(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["B"]), order="O-9"),
        a_return(order="O-9"),
        told(a_line(serials=["A"]), on=FEB_1),
        told(a_line(serials=["B"]), on=FEB_1, revision=2),
    )
    assert [unit.serial for unit in story.covered] == ["B"]
    assert story.covered[0].follows == story.units[0].id


def test_refuses_a_serial_that_the_same_source_sold_under_another_order(story: Story) -> None:
    """As without a correction: it never sells one unit twice."""
    story.given(
        a_sale(a_line(serials=["A"]), by="erp"),
        told(a_line(serials=["A"]), order="O-2"),
        told(a_line("saw")),
        told(a_line(serials=["A"]), revision=2),
    )
    assert story.codes == ["double_entry"]
    story.given(told(a_line(), revision=3))
    assert [unit.serial for unit in story.covered] == ["A", None]


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


# Returns


def test_what_came_back_stays_back_and_learns_what_was_corrected(story: Story) -> None:
    story.given(told(a_line(quantity=2)), a_return({"line": "1"}), told(a_line(), revision=2))
    assert [(unit.status, unit.withdrawn) for unit in story.units] == [
        ("ended", True),
        ("ended", False),
    ]
    story.given(told(a_line(), on=FEB_1, revision=3))
    assert story.units[1].starts_on == FEB_1
    assert story.words[-1].startswith("ended")


def test_a_unit_that_came_back_under_a_wrong_serial_is_renamed_in_silence(story: Story) -> None:
    story.given(
        told(a_line(serials=["7"])),
        back({"serials": ["7"]}),
        told(a_line(serials=["007"]), revision=2),
        back({"serials": ["007"]}, revision=2),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [("007", "ended")]
    assert story.outcomes[2:] == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[3]
    assert [word.split()[0] for word in story.words] == ["activated", "ended"]


def test_a_person_decides_which_unit_came_back(story: Story) -> None:
    story.given(
        told(a_line(quantity=2)), a_return({"line": "1"}), told(a_line(serials=["A"]), revision=2)
    )
    assert story.codes == ["correction_needs_person"]
    assert len(story.covered) == 1


def test_a_product_that_was_not_sold_but_came_back_stays_ended(story: Story) -> None:
    story.given(told(a_line()), a_return(), told(a_line("saw"), revision=2))
    assert [(unit.product, unit.status, unit.withdrawn) for unit in story.units] == [
        ("drill", "ended", False),
        ("saw", "covered", False),
    ]


def test_a_corrected_return_ends_what_came_back_too(story: Story) -> None:
    story.given(
        told(a_line(quantity=3)),
        back({"line": "1"}),
        back({"line": "1", "quantity": 2}, revision=2),
        back({"line": "1"}),
        back({"line": "1", "quantity": 2}, revision=3),
    )
    assert story.outcomes[1:] == [
        Outcome.APPLIED,
        Outcome.APPLIED,
        Outcome.DEDUPLICATED,
        Outcome.DEDUPLICATED,
    ]
    assert len(story.covered) == 1
    assert len(story.answers[2]["ended"]) == 2
    assert story.answers[2] == story.answers[4]


def test_a_late_lower_revision_of_a_return_is_answered_with_what_stands(story: Story) -> None:
    story.given(
        told(a_line(quantity=3)),
        back({"line": "1", "quantity": 2}, revision=2),
        back({"line": "1"}),
        back({"line": "1"}, reference="misread"),
    )
    assert story.outcomes[2:] == [Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[2] == story.answers[3]


def test_a_person_decides_about_cover_that_would_begin_again(story: Story) -> None:
    story.given(
        told(a_line(quantity=3)),
        back({"line": "1", "quantity": 2}),
        back({"line": "1"}, revision=2),
        back({"line": "1"}, revision=3, reference="another"),
    )
    assert story.codes == ["correction_needs_person", "correction_needs_person"]
    assert len(story.covered) == 1


def test_a_corrected_day_of_return_moves_the_end(story: Story) -> None:
    story.given(
        told(a_line(quantity=2)),
        a_return({"line": "1"}, by="erp", reference="E"),
        back({"line": "1", "quantity": 2}, on=FEB_1),
        back({"line": "1", "quantity": 2}, on=LATER, revision=2),
    )
    assert [str(unit.ended_on) for unit in story.units] == ["2026-03-01", "2026-01-06"]
    corrected = [fact for fact in story.said if isinstance(fact, WarrantyCorrected)]
    assert [(fact.by, fact.ended_on) for fact in corrected] == [("return", LATER)]
    assert story.answers[-1]["returned_on"] == "2026-03-01"


def test_a_person_decides_about_the_last_day_of_a_unit_elsewhere(story: Story) -> None:
    story.given(
        a_registration("A"),
        told(a_line(serials=["A"])),
        back({"serials": ["A"]}, on=FEB_1),
        back({"serials": ["A"]}, on=LATER, revision=2),
    )
    assert story.codes == ["correction_needs_person"]


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


def test_a_unit_that_a_source_sold_elsewhere_is_none_of_those_it_sold_here(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_sale(a_line(serials=["A"]), by="erp", order="E-1"),
        told(a_line(), by="erp"),
        told(a_line(coverage_months=60), by="erp", revision=2),
        told(a_line(quantity=2, coverage_months=60), by="erp", revision=3),
        told(a_line(quantity=3, coverage_months=60), by="erp", revision=4),
    )
    assert [(unit.serial, unit.ends_on.year) for unit in story.covered] == [
        ("A", 2028),
        (None, 2031),
        (None, 2031),
        (None, 2031),
    ]
    assert story.codes == []


def test_a_serial_may_be_sold_again_in_the_order_that_had_misread_it(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_sale(a_line(serials=["A"]), by="erp", order="E-1"),
        told(a_line(serials=["B"]), revision=2),
        a_return(order="E-1", by="erp"),
        told(a_line(quantity=2, serials=["A", "B"]), by="web", on=FEB_1),
    )
    assert [unit.serial for unit in story.covered] == ["B", "A"]
    assert story.covered[1].follows == story.units[0].id


def test_a_corrected_serial_is_that_of_a_unit_another_source_knows_without_one(
    story: Story,
) -> None:
    story.given(
        a_sale(a_line(quantity=2), by="web"),
        a_sale(a_line(), by="erp"),
        told(a_line("saw")),
        told(a_line(serials=["A"]), revision=2),
    )
    assert [(u.serial, u.product) for u in story.covered] == [("A", "drill"), (None, "drill")]
    assert [len(unit.reports) for unit in story.covered] == [2, 2]
    # Whose report is on which unit is nothing the world can see.
    assert story.words[-2:] == [
        "ended unit 2026-01-01",
        "corrected A 2026-01-01..2028-01-01 by till",
    ]


def test_an_item_of_another_source_follows_to_the_unit_that_was_sold(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_registration("A"),
        a_sale(a_line(), by="erp"),
        told(a_line(serials=["B"]), revision=2),
    )
    assert {u.serial: [r.connector for r in u.reports] for u in story.covered} == {
        "A": ["portal"],
        "B": ["till", "erp"],
    }
