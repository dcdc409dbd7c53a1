"""Units that two homes know of: linked by letters, answered whatever the order of arrival."""

from datetime import date
from typing import ClassVar

import pytest

from hub.domain.errors import UnavailableError
from hub.processors.purchase import PROCESSOR
from hub.sdk.events import AskRow, Event, Outcome
from schemas.base import Fact
from schemas.events.link import (
    LinkAccepted,
    LinkRefused,
    RegistrationLinked,
    SaleLinked,
    UnitReturned,
)
from schemas.events.parts import Order, Product
from schemas.refs import home, warranty_id
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale, an_event

A = a_line(serials=["SN-1"])
FEB_1 = date(2026, 2, 1)
NOWHERE = warranty_id(home("no", "where"), 1)


def test_a_line_of_a_day_of_its_own_is_linked_by_that_day(story: Story) -> None:
    story.given(
        a_registration(fact={"purchased_on": "2025-12-01", "coverage_months": 6}),
        a_sale({**A, "sold_at": "2025-12-24T12:00:00Z"}),
    )
    assert story.words[-1] == "linked SN-1 2025-12-24..2027-12-24 by till"


def test_links_a_sale_to_the_unit_that_was_registered_before(story: Story) -> None:
    story.given(
        a_registration(fact={"purchased_on": "2025-12-01", "coverage_months": 6}),
        a_sale(A, on=FEB_1, fact={"branch": "north"}),
    )
    assert story.words == [
        "activated SN-1 2025-12-01..2026-06-01 by portal",
        "linked SN-1 2026-02-01..2028-02-01 by till",
    ]
    unit = story.units[0]
    assert (unit.order_reference, unit.branch, unit.customer) == ("O-1", "north", "ada")
    assert story.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert story.answers[1]["warranties"][0] == {
        "line": "1",
        "id": unit.id,
        "serial": "SN-1",
        "starts_on": "2026-02-01",
        "ends_on": "2028-02-01",
        "status": "covered",
    }
    assert story.timers == {}


def test_links_the_same_sale_told_by_another_source_under_its_own_order(story: Story) -> None:
    story.given(a_sale(A), a_sale(A, by="erp", order="E-7"))
    assert story.words[1:] == ["linked SN-1 2026-01-01..2028-01-01 by erp"]
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]
    assert len(story.units) == 1


def test_applies_a_sale_of_which_only_a_part_was_sold_before(story: Story) -> None:
    story.given(a_sale(A), a_sale(A, a_line("saw"), by="erp", order="E-7"))
    assert story.outcomes[1] is Outcome.APPLIED
    assert len(story.covered) == 2


def test_repeats_of_a_linked_sale_get_the_first_answer(story: Story) -> None:
    story.given(a_registration(), a_sale(A), a_sale(A, id="again"))
    assert story.answers[1] == story.answers[2]
    assert len(story.said) == 2


def test_asks_again_until_the_other_home_answers(story: Story) -> None:
    story.given(a_registration("A"), a_registration("B", reference="reg-2"))
    story.tell(a_sale(a_line(quantity=2, serials=["A", "B"])))
    story.letters.clear()
    story.pass_days(1)
    assert sorted(story.words[2:]) == [
        "linked A 2026-01-01..2028-01-01 by till",
        "linked B 2026-01-01..2028-01-01 by till",
    ]
    assert story.timers == {}


def test_a_letter_that_comes_twice_is_answered_twice_and_said_once(story: Story) -> None:
    story.given(a_registration())
    story.tell(a_sale(A))
    first = story.letters.copy()
    story.deliver()
    again = an_event(first[0].fact, by="hub", day=NEW_YEAR, id="again")
    story.given(again)
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert [word.split()[0] for word in story.words] == ["activated", "linked"]


def test_the_line_is_refused_when_the_unit_was_sold_meanwhile(story: Story) -> None:
    story.given(a_registration())
    first, second = a_sale(A), a_sale(A, order="O-2", on=FEB_1, fact={"branch": "south"})
    story.tell(first)
    story.tell(second, story.lookups(second))
    story.deliver()
    assert story.words[1:] == [
        "linked SN-1 2026-01-01..2028-01-01 by till",
        "refused 1:double_entry",
    ]
    assert story.said[-1].event == second.id  # type: ignore[attr-defined]
    assert story.timers == {}

    letter = next(s for s in story.settled.values() if s.arrival.event.type == LinkRefused.TYPE)
    story.given(an_event(letter.arrival.event.fact, by="hub", day=NEW_YEAR, id="again"))
    assert story.outcomes[-1] is Outcome.DEDUPLICATED


def test_the_line_is_refused_when_the_unit_came_back_meanwhile(story: Story) -> None:
    story.given(a_registration())
    second = a_sale(A, order="O-2", on=FEB_1)
    before = story.lookups(second)
    story.given(a_sale(A), a_return())
    story.tell(second, before)
    story.deliver()
    assert story.codes == ["unit_returned"]


def test_a_return_reaches_the_unit_in_its_home(story: Story) -> None:
    story.given(
        a_registration(),
        a_sale(A, a_line(quantity=2)),
        a_return({"serials": ["SN-1"]}, fact={"branch": "north"}),
    )
    assert story.words[-1] == "ended SN-1 2026-01-06"
    assert story.answers[-1] == {"ended": [story.units[0].id], "returned_on": "2026-01-06"}
    assert len(story.covered) == 2
    story.given(a_return(reference="rest"), a_return(by="erp", reference="all"))
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert story.covered == []


def test_a_return_waits_in_the_units_home_for_the_link(story: Story) -> None:
    story.given(a_registration())
    story.tell(a_sale(A))
    story.tell(a_return())
    story.deliver(lambda left: left - 1)
    assert [word.split()[0] for word in story.words] == ["activated", "linked", "ended"]


def test_a_unit_that_two_orders_returned_ends_once(story: Story) -> None:
    story.given(
        a_sale(A),
        a_sale(A, by="erp", order="E-7"),
        a_return(),
        a_return(by="erp", order="E-7"),
    )
    assert [word.split()[0] for word in story.words] == ["activated", "linked", "ended"]


def test_two_sources_of_one_order_share_a_linked_unit(story: Story) -> None:
    story.given(
        a_registration(),
        a_sale(A),
        a_sale(A, by="erp"),
        a_sale(a_line(), by="crm", on=FEB_1),
    )
    assert len(story.units) == 1
    assert [report.connector for report in story.units[0].reports] == [
        "portal",
        "till",
        "erp",
        "crm",
    ]
    assert story.outcomes[1:] == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.timers == {}


def test_the_second_source_is_told_that_a_linked_unit_is_pending(story: Story) -> None:
    story.given(a_registration(), a_sale(A), a_sale(a_line(), by="erp"))
    assert story.answers[-1]["warranties"][0]["status"] == "pending"


def test_a_unit_without_serial_gives_way_to_the_linked_unit(story: Story) -> None:
    """Otherwise one sold unit would be covered twice: as sold, and as registered."""
    story.given(a_sale(), a_registration(), a_sale(A, by="erp"))
    assert [unit.serial for unit in story.covered] == ["SN-1"]
    assert story.words[-2:] == [
        "linked SN-1 2026-01-01..2028-01-01 by erp",
        "ended unit 2026-01-01",
    ]
    story.given(a_sale(a_line(quantity=2), by="crm"), a_return(by="crm"))
    assert story.covered == []


def test_a_unit_without_serial_stays_when_the_link_is_refused(story: Story) -> None:
    story.given(a_sale(), a_registration())
    late = a_sale(A, by="erp")
    before = story.lookups(late)
    story.given(a_sale(A, order="O-2", on=FEB_1))
    story.tell(late, before)
    story.deliver()
    assert story.codes == ["double_entry"]
    assert [unit.serial for unit in story.covered] == [None, "SN-1"]
    story.given(a_return({"product": {"code": "drill"}}))
    assert [unit.serial for unit in story.covered] == ["SN-1"]


def test_a_unit_that_came_back_gives_way_in_silence(story: Story) -> None:
    story.given(a_sale(), a_registration(), a_return())
    story.given(a_sale(A, by="erp"))
    assert [word.split()[0] for word in story.words].count("ended") == 1


class Stranger(Fact):
    """A fact no processor knows."""

    TYPE: ClassVar[str] = "stranger.came.v1"


LETTERS: list[Fact] = [
    SaleLinked(
        warranty=NOWHERE,
        asked_by=home("asker"),
        line="1",
        order=Order(namespace="shop", reference="O-1"),
        connector="till",
        product=Product(code="drill"),
        serial="SN-1",
        sold_on=NEW_YEAR,
        ends_on=NEW_YEAR,
    ),
    SaleLinked(
        warranty="nonsense",
        asked_by=home("asker"),
        line="1",
        order=Order(namespace="shop", reference="O-1"),
        connector="till",
        product=Product(code="drill"),
        serial="SN-1",
        sold_on=NEW_YEAR,
        ends_on=NEW_YEAR,
    ),
    LinkAccepted(
        warranty=NOWHERE,
        asked_by=home("asker"),
        line="1",
        serial="SN-1",
        connector="till",
        starts_on=NEW_YEAR,
        ends_on=NEW_YEAR,
    ),
    LinkRefused(
        warranty=NOWHERE,
        asked_by="nonsense",
        line="1",
        serial="SN-1",
        connector="till",
        code="x",
        reason="x",
    ),
    UnitReturned(
        warranty=NOWHERE,
        order=Order(namespace="shop", reference="O-1"),
        reference="back-1",
        connector="till",
        returned_on=NEW_YEAR,
    ),
    RegistrationLinked(
        warranty=NOWHERE,
        reference="reg-1",
        connector="portal",
        serial="SN-1",
        purchased_on=NEW_YEAR,
        ends_on=NEW_YEAR,
    ),
]


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.TYPE)
def test_refuses_letters_about_a_warranty_that_lives_elsewhere(story: Story, letter: Fact) -> None:
    story.given(an_event(letter, by="hub", day=NEW_YEAR))
    assert story.codes == ["unknown_warranty"]


def test_refuses_an_answer_that_no_line_waits_for(story: Story) -> None:
    story.given(a_registration(), a_sale(A))
    answer = next(s for s in story.settled.values() if s.arrival.event.type == LinkAccepted.TYPE)
    fact = answer.arrival.event.fact.model_copy(update={"connector": "erp"})
    story.given(an_event(fact, by="hub", day=NEW_YEAR))
    assert story.codes == ["unknown_warranty"]


def test_tries_later_when_the_holder_of_a_serial_cannot_be_read(story: Story) -> None:
    late = a_sale(A, by="erp", order="E-7")
    story.given(a_sale(A))
    known = story.lookups(late)
    known.answers[AskRow("unit", story.units[0].id)] = None
    with pytest.raises(UnavailableError, match="cannot be read yet"):
        story.tell(late, known)


def test_a_timer_of_a_home_that_waits_for_nothing_does_nothing(story: Story) -> None:
    story.given(a_sale())
    place = story.heads[0].id
    when: Event = a_sale()
    story.timers[place, "link:till:nothing"] = when.time
    story.timers[place, "look:nothing"] = when.time
    story.pass_days(1)
    assert len(story.said) == 1
    assert story.timers == {}


def test_only_what_is_consumed_is_decided(story: Story) -> None:
    stranger = an_event(Stranger(), by="hub", day=NEW_YEAR)
    with pytest.raises(TypeError, match="nothing this processor consumes"):
        PROCESSOR.decide(PROCESSOR.assemble(None, ()), stranger, story.lookups(stranger))


def test_answers_find_their_line_among_several(story: Story) -> None:
    story.given(a_registration("A"), a_registration("B", reference="reg-2"))
    story.tell(a_sale(a_line(quantity=2, serials=["A", "B"])))
    story.deliver(lambda left: left - 1)
    assert [pointer.state for pointer in story.heads[-1].pointers] == ["linked", "linked"]


def test_a_return_of_a_source_that_sold_nothing_yet_waits_for_its_sale(story: Story) -> None:
    story.given(a_sale(), a_return({"serials": ["SN-1"]}, by="erp"))
    assert story.outcomes[-1] is Outcome.EARLY
    story.given(a_sale(A, by="erp"))
    assert story.outcomes[1:] == [Outcome.APPLIED, Outcome.APPLIED]
    assert story.covered == []


def test_a_source_never_sells_one_unit_under_two_orders(story: Story) -> None:
    story.given(
        a_sale(A),
        a_sale(A, by="erp", order="E-7"),
        a_sale(A, by="erp"),
        a_sale(a_line(), by="erp", id="another-unit"),
    )
    assert story.codes == ["double_entry"]
    assert [unit.serial for unit in story.covered] == ["SN-1", None]
