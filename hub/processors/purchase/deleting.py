"""A deletion: what an order said counts no more, what others say of its units stays."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from hub.domain.errors import TooEarlyError, reject
from hub.domain.moments import check_moment
from hub.domain.orders import MAX_UNITS
from hub.domain.reports import SALE, Report, of_order
from hub.processors.purchase.answers import Warranties
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.matching import pointer_slots
from hub.processors.purchase.state import COVERED, Deleted, Purchase, PurchaseRow, Unit, Warranty
from hub.processors.purchase.units import (
    forget_order,
    keep_corrected,
    unname,
    version_of,
    with_reports,
    withdraw,
)
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Event, Outcome
from schemas.events.link import SaleUnlinked
from schemas.events.sale import SaleDeleted
from schemas.refs import home_of

MOST_VERSIONS = 20
"""So often an order may be deleted and reported again: its home remembers every version."""


def delete(purchase: Purchase, event: Event, told: SaleDeleted) -> Decision[Purchase]:
    """Take back what every source said of the order; a repeat hears the same answer.

    Raises:
        RejectedError: nothing was ever reported of the order.
        TooEarlyError: another home has still to say whether a unit of it is linked.

    """
    check_moment("deleted", told.deleted_at, event.received_at)
    row = purchase.row
    if row is None or not (row.sales or row.deleted):
        reference = told.order.reference
        raise reject("order_unknown", f"nothing was reported under {reference!r}; correct it")
    if not row.sales:
        return Decision(purchase, Outcome.DEDUPLICATED, Warranties(row.deleted[-1].answer))
    if any(pointer.state == "pending" for pointer in row.pointers):
        raise TooEarlyError(f"the links of order {row.order_reference} are not answered yet")
    draft = Draft()
    cause = _cause(row, event, told)
    for unit in purchase.units.values():
        if any(of_order(report, row.key) for report in unit.reports):
            _let_go(draft, unit, row.key, cause)
    version = len(row.deleted) + 1
    draft.letters += _told_elsewhere(purchase, event, told, version)
    answer = tuple(_answers(purchase, draft, row, event.connector))
    row = _without_sales(row, event, answer)
    return draft.decision(purchase, row, Warranties(answer))


def _cause(row: PurchaseRow, event: Event, told: SaleDeleted) -> Report:
    namespace, reference = row.key
    day = row.sales[0].day
    return Report(
        event.connector, SALE, namespace, reference, "", day, day, told.branch, None, event.id
    )


def _let_go(draft: Draft, unit: Unit, order: tuple[str | None, str], cause: Report) -> None:
    """Keep a unit for whoever else reports it; one that ended already stays as it ended."""
    others = tuple(report for report in unit.reports if not of_order(report, order))
    if unit.status != COVERED and others:
        draft.units[unit.id] = with_reports(unit, others)
    elif unit.status != COVERED:
        # What ended by hand had kept its serial, to be reinstated: now nobody can.
        unname(draft, unit)
        draft.units[unit.id] = replace(unit, reports=())
    elif others:
        keep_corrected(draft, with_reports(unit, others), cause, SALE)
    else:
        withdraw(draft, unit, cause, "deleted")


def _told_elsewhere(
    purchase: Purchase, event: Event, told: SaleDeleted, version: int
) -> Iterator[Letter]:
    for slot in pointer_slots(purchase):
        fact = SaleUnlinked.model_construct(
            warranty=slot.warranty,
            order=told.order,
            connector=event.connector,
            version=version,
            branch=told.branch,
        )
        yield Letter(fact, home_of(slot.warranty))


def _answers(
    purchase: Purchase, draft: Draft, row: PurchaseRow, connector: str
) -> Iterator[Warranty]:
    """Each unit of the order once, by the lines of whoever deletes it where he reported it too."""
    seen = set[str | None]()
    for sale in sorted(row.sales, key=lambda sale: sale.connector != connector):
        for told in sale.answer:
            unit = draft.units.get(told.id or "") or purchase.units.get(told.id or "")
            if told.id not in seen:
                yield replace(told, status=unit.status if unit else "pending")
            seen.add(told.id)


def _without_sales(row: PurchaseRow, event: Event, answer: Sequence[Warranty]) -> PurchaseRow:
    """The head as it is once nothing is sold here; returns keep the references they used up."""
    raws = [raw for sale in row.sales for raw in (sale.raw, *sale.also) if raw is not None]
    gone = Deleted(event.connector, event.id, tuple(raws), tuple(answer))
    before = tuple(replace(deleted, answer=()) for deleted in row.deleted)
    return replace(row, sales=(), pointers=(), deleted=(*before, gone))


def taken_back(row: PurchaseRow, raw: str | None) -> tuple[Warranty, ...] | None:
    """What is answered to another translation of a record whose order was deleted."""
    if raw is None or all(raw not in deleted.raws for deleted in row.deleted):
        return None
    return row.deleted[-1].answer


def check_versions(purchase: Purchase, row: PurchaseRow, more: int) -> None:
    """Refuse an order that was deleted so often that its home grows without end."""
    if len(row.deleted) > MOST_VERSIONS or len(purchase.units) + more > 2 * MAX_UNITS:
        raise reject(
            "deleted_too_often",
            f"this order was deleted {len(row.deleted)} times; report it under another reference",
        )


def take_deletion(purchase: Purchase, letter: SaleUnlinked, event: Event) -> Decision[Purchase]:
    """Take back what another home's order said of this unit, once."""
    row, unit = unit_here(purchase, letter.warranty)
    order = (letter.order.namespace, letter.order.reference)
    if version_of(unit, order) >= letter.version:
        return Decision(purchase, Outcome.DEDUPLICATED)
    forgotten = forget_order(unit, order, letter.version)
    draft = Draft()
    if len(forgotten.reports) < len(unit.reports):
        told = next(report for report in unit.reports if of_order(report, order))
        cause = replace(told, connector=letter.connector, branch=letter.branch, event=event.id)
        _let_go(draft, replace(unit, versions=forgotten.versions), order, cause)
        return draft.decision(purchase, row)
    draft.units[unit.id] = forgotten
    return draft.decision(purchase, row, outcome=Outcome.DEDUPLICATED)
