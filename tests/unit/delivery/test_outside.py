"""What the outside hears of a decision, and what it does not."""

import json
from datetime import date

from hub.projections.deliveries import PROJECTION
from hub.sdk.projection import Told
from schemas.events.decided import ProposalMade, WarrantyExtended
from schemas.events.parts import Actor, DecidedBy
from tests.delivery.conftest import told

BY = Actor(kind="person", id="per_secret", role="owner")


def test_who_decided_by_hand_and_why_stays_in_the_house() -> None:
    decided = DecidedBy(by=BY, why="Mrs Secret complained", override="ovr_1")
    day = date(2026, 1, 31)
    fact = WarrantyExtended(warranty="wty_1", starts_on=day, ends_on=day, decided=decided)

    (row,) = PROJECTION.rows(Told(told(1).envelope, fact, 1))

    body = json.loads(str(row[-1]))
    assert body["data"]["decided"] == {"override": "ovr_1"}
    assert "secret" not in str(row).lower()


def test_a_proposal_is_no_news_to_the_outside() -> None:
    assert ProposalMade not in PROJECTION.consumes
