"""A category of products, and the terms of whatever product has none of its own."""

import msgspec
from msgspec.structs import replace

from hub.domain.terms import Since, Terms, remembered
from hub.processors.catalog.describing import Told, Verdict, compared, description_of, later
from hub.processors.catalog.state import CATEGORY, CatalogRow, CategoryRow, Shelf
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Event, Outcome
from schemas.events.product import CategoryChanged, CategoryDescribed
from schemas.refs import category_home, category_id


class Described(msgspec.Struct, frozen=True, gc=False):
    """The answer to a description."""

    category: Told


def describe(shelf: Shelf, event: Event, fact: CategoryDescribed) -> Decision[Shelf]:
    """Take what a merchant says of a category, unless something later is known."""
    told, row = description_of(fact, event), shelf.category
    verdict = compared(row, told, fact.expects_version)
    if row is not None and verdict is Verdict.STALE:
        return Decision(shelf, Outcome.DEDUPLICATED, _answer(row, stale=True))
    if row is not None and verdict is Verdict.SAME:
        return _kept(
            shelf, replace(row, described_at=later(row, told.at)), event, Outcome.DEDUPLICATED
        )
    place = category_home(event.tenant, fact.code)
    before = row or CategoryRow(category_id(place), fact.code)
    number = before.number + 1
    since = Since(number, told.at, terms=Terms.of(fact.terms) if fact.terms else None)
    new = replace(
        before,
        number=number,
        said=told.said,
        hash=told.hash,
        described_at=told.at,
        history=remembered(before.history, since),
    )
    said = CategoryChanged(
        category=new.id, version=number, connector=event.connector, code=fact.code, **told.said
    )
    return replace(_kept(shelf, new, event, Outcome.APPLIED), said=(Said(said, new.id),))


def _kept(shelf: Shelf, row: CategoryRow, event: Event, outcome: Outcome) -> Decision[Shelf]:
    head = shelf.row or CatalogRow(category_home(event.tenant, row.code), CATEGORY, row.code)
    head = replace(head, current=row.number)
    return Decision(Shelf(head, category=row), outcome, _answer(row), rows=(row,))


def _answer(row: CategoryRow, *, stale: bool = False) -> Described:
    return Described(Told(row.id, row.code, row.number, stale))
