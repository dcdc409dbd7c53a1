"""The interleavings that break a careless translator, by number as the engine's list has them."""

from datetime import date

import pytest

from connectors.sdk import RawRecord
from hub.sdk.events import Event
from schemas.refs import home, place
from tests.unit.connectors.tickets import Doc, a_return, a_ticket, posted, told
from tests.unit.story import Story, an_event

PARTITIONS = 12
SALE, RETURN = a_ticket(), a_return()

# 26: two webhooks of one order are translated by two workers


def landed_on(ticket: Doc) -> int:
    """The partition of a ticket, as the door lands it."""
    (record,) = posted(ticket)
    assert isinstance(record, RawRecord)
    return place(home("acme", "pos", record.key), PARTITIONS)


def an_event_of(ticket: Doc, day: date) -> Event:
    return an_event(told(ticket).fact, by="pos", day=day)


@pytest.mark.parametrize("number", ["000117", "000118", "000119", "000120"])
def test_hole_26_two_tickets_of_one_order_land_in_one_partition(number: str) -> None:
    sale = a_ticket(number=number)
    back = a_return(original=RETURN["original"] | {"number": number})

    assert landed_on(sale) == landed_on(back)


def test_hole_26_tickets_of_other_orders_share_no_key() -> None:
    """Else every ticket of a source would wait for every other."""
    assert len({landed_on(a_ticket(number=str(n))) for n in range(100)}) == PARTITIONS


@pytest.mark.parametrize("first", ["sale", "return"])
def test_hole_26_the_rules_converge_in_whatever_order_they_come(story: Story, first: str) -> None:
    """Two workers may have translated them after all: a source whose envelope shows no order."""
    sale = an_event_of(SALE, date(2026, 1, 31))
    back = an_event_of(RETURN, date(2026, 2, 2))

    story.given(*((back, sale) if first == "return" else (sale, back)))

    assert [(unit.serial, unit.status) for unit in story.units] == [("00012345", "ended")]
    assert [words.split()[0] for words in story.words] == ["activated", "ended"]
    assert story.covered == []
