"""What the activity table counts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.projections.activity import PROJECTION
from hub.sdk.events import TimerDue
from hub.sdk.projection import Told
from schemas.base import Fact
from schemas.envelope import Envelope
from schemas.events.parts import Product
from schemas.events.warranty import (
    Refusal,
    WarrantyActivated,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyLinked,
    WarrantyRefused,
)

DECIDED = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
DATES: Any = {"starts_on": date(2026, 1, 1), "ends_on": date(2028, 1, 1)}
ABOUT: Any = {"warranty": "wty_a_1", "connector": "till"}


def _rows(fact: Fact) -> list[tuple[object, ...]]:
    source = "/tenants/acme/sources/till"
    envelope = Envelope("e-1", source, fact.TYPE, DECIDED, "acme")
    return list(PROJECTION.rows(Told(envelope, fact, 1)))


@pytest.mark.parametrize(
    ("fact", "row"),
    [
        (
            WarrantyActivated(**ABOUT, **DATES, by="sale", product=Product(code="x"), branch="b"),
            (date(2026, 1, 1), "b", "activated", 1),
        ),
        (WarrantyLinked(**ABOUT, **DATES, by="sale"), (date(2026, 3, 4), "", "linked", 1)),
        (
            WarrantyCorrected(**ABOUT, **DATES, by="sale"),
            (date(2026, 3, 4), "", "corrected", 1),
        ),
        (
            WarrantyEnded(**ABOUT, ended_on=date(2026, 2, 2), reason="returned", branch="b"),
            (date(2026, 2, 2), "b", "ended", 1),
        ),
        (
            WarrantyRefused(
                event="e-0",
                event_type="sale.recorded.v1",
                connector="till",
                reasons=(Refusal(code="x", message="x"),),
            ),
            (date(2026, 3, 4), "", "refused", 1),
        ),
    ],
    ids=["activated", "linked", "corrected", "ended", "refused"],
)
def test_counts_what_was_decided_by_day_and_branch(fact: Fact, row: tuple[object, ...]) -> None:
    assert _rows(fact) == [row]


def test_counts_nothing_else() -> None:
    assert _rows(TimerDue(name="x")) == []


def test_adds_to_what_was_counted_before() -> None:
    assert "count = known.count + excluded.count" in PROJECTION.upsert.format(table="activity")
