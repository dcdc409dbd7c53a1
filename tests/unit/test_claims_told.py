"""What is told of a claim beside its state: whom the thing comes from, and whether its customer is to hear."""

import pytest

from schemas.events.claim import ClaimMoved, ClaimReminded, EffectAsked, EffectChanged
from tests.unit.by_hand import a_policy
from tests.unit.claims import (
    EUR,
    FEBRUARY,
    MANAGER,
    OWNER,
    approved,
    asked,
    covered,
    denied,
    filed,
    reported,
    the_claim,
    the_effect,
)
from tests.unit.story import Story

FOUR_EYES = a_policy(
    "approval",
    {
        "limits": [
            {"role": "warranty_manager", "up_to": {"amount": 50_000, "currency": EUR}},
            {"role": "owner", "up_to": {"amount": 50_000, "currency": EUR}},
        ],
        "four_eyes_above": [{"amount": 5_000, "currency": EUR}],
    },
)


def claimed(*policies: object) -> tuple[Story, str]:
    """A claim about a thing whose supplier is known."""
    story, warranty = covered(*policies)  # type: ignore[arg-type]
    story.catalog.describe("drill", supplier={"code": "bolt", "name": "Bolt"})
    story.given(filed(warranty, incident_on=FEBRUARY))
    return story, the_claim(story).id


def heard(story: Story) -> list[tuple[str, bool | None]]:
    """Each state that was told since, with whether the customer is to hear of it."""
    told = [fact for fact in story.said if isinstance(fact, ClaimMoved)]
    return [(fact.TYPE.split(".")[1], fact.notify_customer) for fact in told]


@pytest.mark.parametrize("notify", [False, True, None])
@pytest.mark.parametrize("state", ["approved", "denied", "awaiting_info"])
def test_whether_the_customer_hears_is_said_of_every_step_that_a_decision_takes(
    state: str,
    notify: bool | None,  # noqa: FBT001 - what is tried
) -> None:
    story, claim = claimed()
    story.said.clear()
    decisions = {
        "approved": lambda: approved(claim, "repair", notify=notify),
        "denied": lambda: denied(claim, notify=notify),
        "awaiting_info": lambda: asked(claim, notify=notify),
    }
    story.given(decisions[state]())

    assert heard(story) == [("under_review", notify), (state, notify)]


@pytest.mark.parametrize(
    ("first", "second", "told"), [(False, None, False), (None, False, False), (False, True, True)]
)
def test_of_two_who_approve_the_second_says_unless_he_is_silent(
    first: bool | None,  # noqa: FBT001 - what is tried
    second: bool | None,  # noqa: FBT001 - what is tried
    told: bool,  # noqa: FBT001 - what is tried
) -> None:
    story, claim = claimed(FOUR_EYES)
    story.said.clear()
    story.given(
        approved(claim, ("refund", 9_000), by=MANAGER, notify=first),
        approved(claim, ("refund", 9_000), by=OWNER, notify=second),
    )

    assert heard(story) == [("under_review", first), ("approved", told)]


def test_whatever_is_told_of_a_claim_says_whom_the_thing_comes_from() -> None:
    story, claim = claimed()
    story.given(approved(claim, "repair"))
    story.given(reported(the_effect(story).id, "acknowledged"))

    kinds = (ClaimMoved, ClaimReminded, EffectAsked, EffectChanged)
    told = [fact for fact in story.said if isinstance(fact, kinds)]
    assert len(told) > 4
    assert {fact.supplier for fact in told} == {"bolt"}


def test_a_thing_of_which_the_catalogue_knows_no_supplier_names_none() -> None:
    story, warranty = covered()
    story.given(filed(warranty, incident_on=FEBRUARY))

    assert the_claim(story).supplier is None
