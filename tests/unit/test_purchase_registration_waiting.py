"""A registration waits for the sale that names its product, and is answered by its unit."""

from datetime import date

import pytest
from msgspec.structs import replace

from hub.sdk.events import Outcome
from schemas.base import Fact
from schemas.events.link import (
    RegistrationAccepted,
    RegistrationLinked,
    RegistrationRefused,
    SerialSold,
)
from schemas.refs import home
from tests.unit.story import Story, a_line, a_registration, a_return, a_sale, an_event

A = a_line(serials=["SN-1"])


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


def test_an_owner_may_wait_beside_a_registration_that_names_none(story: Story) -> None:
    story.given(
        a_registration(product=None, customer=None),
        a_registration(product=None, reference="reg-2"),
        a_sale(A, on=date(2026, 1, 2)),
    )
    assert story.units[0].customer == "ada"
    assert story.timers == {}


# Letters of units in other homes


def test_asks_nothing_more_of_the_store_to_find_who_waits_for_a_serial(story: Story) -> None:
    story.given(a_registration(product=None))
    # The merchant, its coverage policy and serial rules, the product, the serial.
    assert len(story.lookups(a_sale(A)).answers) == 5


def test_asks_until_the_units_home_answers(story: Story) -> None:
    story.given(a_registration(product=None))
    story.tell(a_sale(A))
    story.letters.clear()
    story.pass_days(1)
    assert story.units[0].customer == "ada"
    assert story.timers == {}
    assert story.heads[0].staged == ()


def test_asks_the_same_unit_again_though_its_answer_was_lost(story: Story) -> None:
    story.given(a_registration(product=None))
    story.tell(a_sale(A))
    while not any(letter.type == RegistrationAccepted.TYPE for letter in story.letters):
        story._decide(story.letters.pop(0))  # noqa: SLF001 - one letter at a time
    story.letters.clear()
    story.given(a_return())
    story.pass_days(2)
    assert story.codes == []
    assert story.timers == {}


def test_an_answer_that_comes_twice_changes_nothing(story: Story) -> None:
    story.given(a_registration(product=None), a_sale(A))
    answer = next(
        s.arrival.event
        for s in story.settled.values()
        if s.arrival.event.type == RegistrationAccepted.TYPE
    )
    story.letters.append(replace(answer, id="again"))
    story.deliver()
    assert [word.split()[0] for word in story.words] == ["activated", "linked"]


def test_the_world_hears_when_the_unit_has_another_owner(story: Story) -> None:
    story.given(a_registration(product=None))
    story.tell(a_sale(A))
    nudge, story.letters = story.letters, []
    story.given(a_registration(reference="reg-2", customer="eve"))
    story.letters += nudge
    story.deliver()
    assert story.codes == ["already_registered"]
    assert story.said[-1].reference == "reg-1"  # type: ignore[attr-defined]
    assert story.timers == {}
    refusal = next(
        s.arrival.event
        for s in story.settled.values()
        if s.arrival.event.type == RegistrationRefused.TYPE
    )
    story.letters.append(replace(refusal, id="again"))
    story.deliver()
    assert len(story.codes) == 1


def test_goes_on_waiting_when_the_serial_was_read_wrongly(story: Story) -> None:
    story.given(a_registration(product=None))
    story.tell(a_sale(A, raw="r", revision=1))
    nudge, story.letters = story.letters, []
    known = story.lookups(nudge[0])
    story.given(a_sale(a_line(serials=["OTHER"]), raw="r", revision=2, id="2"))
    story.tell(nudge[0], known)
    story.deliver()
    assert story.codes == []
    assert len(story.heads[0].staged) == 1

    story.given(a_sale(A, order="O-2"))
    assert [(unit.serial, unit.customer) for unit in story.covered] == [
        ("OTHER", None),
        ("SN-1", "ada"),
    ]
    assert story.timers == {}


def test_takes_letters_of_hubs_that_wait_for_no_answer(story: Story) -> None:
    story.given(a_sale(A))
    letter = RegistrationLinked(
        warranty=story.units[0].id,
        reference="reg-1",
        connector="portal",
        serial="SN-1",
        purchased_on=date(2026, 1, 1),
        ends_on=date(2026, 1, 1),
        customer="ada",
    )
    story.given(an_event(letter, by="hub", day=date(2026, 1, 1)))
    assert story.units[0].customer == "ada"
    assert story.letters == []


@pytest.mark.parametrize(
    "letter",
    [
        RegistrationAccepted(
            warranty="wty_x_1", asked_by=home("nobody"), reference="r", connector="portal"
        ),
        RegistrationRefused(
            warranty="wty_x_1",
            asked_by="nonsense",
            reference="r",
            connector="portal",
            code="x",
            reason="x",
        ),
    ],
    ids=lambda letter: letter.TYPE,
)
def test_refuses_an_answer_that_no_registration_waits_for(story: Story, letter: Fact) -> None:
    story.given(an_event(letter, by="hub", day=date(2026, 1, 1)))
    assert story.codes == ["unknown_warranty"]


def test_news_of_a_sale_that_nobody_waits_for_changes_nothing(story: Story) -> None:
    story.given(
        an_event(SerialSold(home=home("nobody"), serial="A"), by="hub", day=date(2026, 1, 1))
    )
    assert story.outcomes == [Outcome.APPLIED]
    assert story.said == []
