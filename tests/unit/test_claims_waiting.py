"""A claim that lacks a movement of stock is found by the catalogue for as long as it waits, and no longer."""

from collections.abc import Callable

import pytest

from hub.domain.serials import name_value
from hub.processors.purchase.claims.asking import STOCK_WANTED
from hub.sdk.events import Event
from tests.unit.claims import (
    a_rule,
    covered,
    denied,
    evidence,
    filed,
    moves,
    rules,
    the_claim,
    withdrawn,
)
from tests.unit.story import Story, a_line, a_sale, a_serial

MOVEMENT = evidence("stock_movement", expires_days=30)


def waiting(story: Story) -> list[str]:
    """Under what the catalogue finds claims."""
    return [one.value for one in story.holders if one.kind == STOCK_WANTED]


def test_a_claim_is_found_by_the_serial_that_its_unit_has_got_since() -> None:
    story = Story()
    story.policies = [MOVEMENT]
    story.given(a_sale(a_line(quantity=1)))
    warranty = story.units[0].id
    story.given(filed(warranty))
    before = waiting(story)
    story.given(a_serial(warranty, "SN-7"))

    assert before == []
    assert waiting(story) == [name_value("sn-7", the_claim(story).id)]
    story.move_stock("out", -1, serials=["SN-7"])
    assert moves(story)[-1] == "staged > submitted (complete)"
    assert waiting(story) == []


@pytest.mark.parametrize("end", [denied, withdrawn])
def test_a_claim_that_is_over_waits_for_nothing(end: Callable[[str], Event]) -> None:
    story, warranty = covered(MOVEMENT)
    story.given(filed(warranty))
    assert waiting(story)
    story.given(end(the_claim(story).id))

    assert waiting(story) == []


def test_a_claim_whose_evidence_never_came_waits_for_nothing() -> None:
    story, warranty = covered(MOVEMENT)
    story.given(filed(warranty))
    story.pass_days(40)

    assert the_claim(story).state == "cancelled"
    assert waiting(story) == []


def test_a_claim_that_a_rule_decides_at_once_never_waited() -> None:
    no = rules(a_rule("late", "deny", issues=["broken"], reason="too_late"))
    story, warranty = covered(evidence("stock_movement", missing="flag"), no)
    story.given(filed(warranty))

    assert the_claim(story).state == "denied"
    assert waiting(story) == []
