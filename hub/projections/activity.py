"""How much happened a day, branch by branch: units activated, linked, corrected, ended, refusals.

Cover that begins counts on the first covered day and cover that stops on the first day without it;
what has no day of its own counts on the UTC day it was decided for.
"""

from collections.abc import Iterable
from datetime import UTC, date

from hub.sdk.projection import Projection, Told
from schemas.events.warranty import (
    WarrantyActivated,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyLinked,
    WarrantyRefused,
)
from schemas.topics import WARRANTY_STATUS

UPSERT = """
INSERT INTO {table} AS known (day, branch, outcome, count)
VALUES ($1, $2, $3, $4)
ON CONFLICT (day, branch, outcome) DO UPDATE SET count = known.count + excluded.count
"""


def rows(told: Told) -> Iterable[tuple[object, ...]]:
    """One more of what happened; an unknown branch is the empty text."""
    fact = told.fact
    match fact:
        case WarrantyActivated():
            return [(fact.starts_on, fact.branch or "", "activated", 1)]
        case WarrantyLinked():
            return [(_decided_on(told), fact.branch or "", "linked", 1)]
        case WarrantyCorrected():
            return [(_decided_on(told), fact.branch or "", "corrected", 1)]
        case WarrantyEnded():
            return [(fact.ended_on, fact.branch or "", "ended", 1)]
        case WarrantyRefused():
            return [(_decided_on(told), fact.branch or "", "refused", 1)]
        case _:
            return []


def _decided_on(told: Told) -> date:
    return told.envelope.time.astimezone(UTC).date()


PROJECTION = Projection(
    name="activity",
    version=1,
    reads=WARRANTY_STATUS,
    table="activity",
    consumes=(
        WarrantyActivated,
        WarrantyLinked,
        WarrantyCorrected,
        WarrantyEnded,
        WarrantyRefused,
    ),
    upsert=UPSERT,
    rows=rows,
)
