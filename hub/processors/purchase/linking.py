"""Letters between the homes of two reports of one unit: the ask, its answers, and returns."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.domain.errors import TooEarlyError, reject
from hub.domain.reports import SALE, Report, may_join, same, told_by
from hub.domain.rulings import Ruling, ruling_of
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Ended, warranty
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.grounds import ruled
from hub.processors.purchase.matching import Item
from hub.processors.purchase.staging import MISREAD
from hub.processors.purchase.state import (
    ENDED,
    UNITS,
    Pointer,
    Purchase,
    PurchaseRow,
    Sale,
    Unit,
    Warranty,
    product_of,
)
from hub.processors.purchase.units import (
    Back,
    back_after_all,
    end,
    forget_order,
    is_nobodys,
    join,
    keep_corrected,
    order_of,
    version_of,
    with_reports,
)
from hub.sdk.decision import ClearTimer, Decision, Letter, Said, SetTimer
from hub.sdk.events import AskRow, Event, Known, Outcome, TimerDue
from schemas.events.link import LinkAccepted, LinkRefused, SaleLinked, UnitReturned
from schemas.events.sale import SaleRecorded
from schemas.events.warranty import Refusal, WarrantyRefused
from schemas.money import Money
from schemas.refs import home_of

LINK_TIMER = "link:"
ASK_AGAIN = timedelta(days=1)


def pointer_from(slot: Pointer, report: Report, ruling: Ruling | None) -> Pointer:
    """A report's own pointer to a unit that some source's line may point to already."""
    return replace(
        slot,
        connector=report.connector,
        line=report.line,
        ends_on=report.ends_on,
        day=report.day,
        extended_until=report.extended_until,
        state="pending",
        returned_by=(),
        ruling=ruling,
    )


def foretell(pointer: Pointer, item: Item, known: Known) -> tuple[Warranty, bool]:
    """What the sender is told before the unit's home has answered, and if it was sold before."""
    report = item.report
    unit = known.answers.get(AskRow(UNITS.table, pointer.warranty))
    if not isinstance(unit, Unit):
        return Warranty(report.line, pointer.warranty, pointer.serial, None, None, "pending"), True
    order = (report.namespace, report.reference)
    others = tuple(r for r in unit.reports if not told_by((r,), report.connector, order))
    sold = any(earlier.by == SALE for earlier in others)
    return warranty(with_reports(unit, (*others, report)), report.line), sold


def ask_link(draft: Draft, row: PurchaseRow, sale: Sale, pointer: Pointer, now: datetime) -> None:
    """Ask the unit's home to take the sale, and again tomorrow unless it answers."""
    fact = SaleLinked.model_construct(
        warranty=pointer.warranty,
        asked_by=row.id,
        line=pointer.line,
        order=row.order,
        connector=sale.connector,
        product=product_of(pointer.goods),
        serial=pointer.serial,
        sold_on=pointer.day or sale.day,
        ends_on=pointer.ends_on,
        extended_until=pointer.extended_until,
        branch=sale.branch,
        customer=sale.customer,
        revision=sale.revision,
        version=sale.version or None,
        ruled_by=pointer.ruling.fact() if pointer.ruling else None,
        price=_price(sale.price(pointer.line)),
    )
    draft.letters.append(Letter(fact, home_of(pointer.warranty)))
    draft.timers.append(SetTimer(_timer(pointer.connector, pointer.warranty), now + ASK_AGAIN))


def _price(told: tuple[int, str] | None) -> Money | None:
    return None if told is None else Money.model_construct(amount=told[0], currency=told[1])


def _with_price(unit: Unit, letter: SaleLinked) -> Unit:
    """The unit with what that order told of its price; what it told before counts no more."""
    about = (letter.connector, letter.order.reference, letter.line)
    others = tuple(one for one in unit.prices if one[:3] != about)
    if letter.price is None:
        return replace(unit, prices=others) if others != unit.prices else unit
    price = (*about, letter.price.amount, letter.price.currency)
    return replace(unit, prices=(*others, price))


def _timer(connector: str, warranty: str) -> str:
    return f"{LINK_TIMER}{connector}:{warranty}"


def take_sale(purchase: Purchase, letter: SaleLinked, event: Event) -> Decision[Purchase]:
    """Take another order's sale among this unit's reports, or say why not."""
    row, unit = unit_here(purchase, letter.warranty)
    report = Report(
        letter.connector,
        SALE,
        letter.order.namespace,
        letter.order.reference,
        letter.line,
        letter.sold_on,
        letter.ends_on,
        letter.branch,
        letter.customer,
        event.id,
        letter.revision,
        letter.extended_until,
    )
    draft, ruling = Draft(), ruling_of(letter.ruled_by, event.id, letter.line)
    order = (letter.order.namespace, letter.order.reference)
    version, current = letter.version or 0, version_of(unit, order)
    if version < current:
        return Decision(purchase, Outcome.DEDUPLICATED)
    if version > current:
        unit = forget_order(unit, order, version)
    unit = _with_price(unit, letter)
    if told_by(unit.reports, letter.connector, order):
        known, news = _again(draft, unit, report, ruling)
        draft.letters.append(_accepted(letter, known))
        outcome = Outcome.APPLIED if news else Outcome.DEDUPLICATED
        return draft.decision(purchase, row, outcome=outcome)
    misread = unit.withdrawn or unit.serial_norm != normalise(letter.serial)
    if may_join(unit.reports, report) and not (misread or is_nobodys(unit)):
        draft.letters.append(_accepted(letter, join(draft, unit, report, ruling=ruling)))
    else:
        draft.letters.append(_not_accepted(letter, unit, misread=misread))
    return draft.decision(purchase, row)


def _again(draft: Draft, unit: Unit, report: Report, ruling: Ruling | None) -> tuple[Unit, bool]:
    """A sale that is linked already: a later revision of it counts instead of the earlier one."""
    order = (report.namespace, report.reference)
    told = next(r for r in unit.reports if told_by((r,), report.connector, order))
    if report.revision <= told.revision:
        return unit, False
    reports = tuple(report if r is told else r for r in unit.reports)
    changed = ruled(with_reports(unit, reports), ruling)
    draft.units[unit.id] = changed
    if same(told, report):
        return changed, False
    keep_corrected(draft, changed, report, SALE)
    return changed, True


def unit_here(purchase: Purchase, warranty: str) -> tuple[PurchaseRow, Unit]:
    """The unit of that id.

    Raises:
        RejectedError: it does not live in this home.

    """
    unit = purchase.units.get(warranty)
    if purchase.row is None or unit is None:
        raise reject("unknown_warranty", f"warranty {warranty!r} does not live here")
    return purchase.row, unit


def _accepted(letter: SaleLinked, unit: Unit) -> Letter:
    fact = LinkAccepted.model_construct(
        warranty=unit.id,
        asked_by=letter.asked_by,
        line=letter.line,
        serial=letter.serial,
        connector=letter.connector,
        starts_on=unit.starts_on,
        ends_on=unit.ends_on,
        version=letter.version,
    )
    return Letter(fact, letter.asked_by)


def _not_accepted(letter: SaleLinked, unit: Unit, *, misread: bool) -> Letter:
    if misread:
        code = MISREAD
        reason = (
            f"serial {letter.serial!r} was read wrongly where it was sold before; "
            "report this line again under another order reference"
        )
    elif unit.status == ENDED:
        code = "unit_returned"
        reason = f"serial {letter.serial!r} was sold under another order and came back"
    else:
        code = "double_entry"
        reason = f"serial {letter.serial!r} was sold under another order meanwhile"
    fact = LinkRefused.model_construct(
        warranty=unit.id,
        asked_by=letter.asked_by,
        line=letter.line,
        serial=letter.serial,
        connector=letter.connector,
        code=code,
        reason=reason,
        version=letter.version,
    )
    return Letter(fact, letter.asked_by)


def link_accepted(purchase: Purchase, letter: LinkAccepted) -> Decision[Purchase]:
    """The unit's home took the sale: nothing is asked any more."""
    if _of_deleted(purchase, letter.version):
        return Decision(purchase, Outcome.DEDUPLICATED)
    row, pointer = _pointer(purchase, letter.connector, letter.warranty)
    if pointer.state != "pending":
        return Decision(purchase, Outcome.DEDUPLICATED)
    draft = Draft(timers=[ClearTimer(_timer(letter.connector, letter.warranty))])
    unit = purchase.units.get(pointer.instead_of or "")
    if unit is not None and unit.status != ENDED:
        report = unit.reports[0]
        end(draft, unit, Back(report.connector, unit.starts_on, order_of(report), None, "merged"))
    return draft.decision(purchase, _with(row, replace(pointer, state="linked")))


def link_refused(purchase: Purchase, letter: LinkRefused) -> Decision[Purchase]:
    """The unit's home did not take the sale: the line stays without cover, and the world hears."""
    if _of_deleted(purchase, letter.version):
        return Decision(purchase, Outcome.DEDUPLICATED)
    row, pointer = _pointer(purchase, letter.connector, letter.warranty)
    if pointer.state != "pending":
        return Decision(purchase, Outcome.DEDUPLICATED)
    sale = next(sale for sale in row.sales if sale.connector == letter.connector)
    fact = WarrantyRefused.model_construct(
        event=sale.event,
        event_type=SaleRecorded.TYPE,
        connector=letter.connector,
        reasons=(
            Refusal.model_construct(code=letter.code, message=letter.reason, line=letter.line),
        ),
        order=row.order,
        reference=None,
        branch=sale.branch,
    )
    draft = Draft(
        said=[Said(fact, sale.event)],
        timers=[ClearTimer(_timer(letter.connector, letter.warranty))],
    )
    return draft.decision(purchase, _with(row, replace(pointer, state="refused")))


def _of_deleted(purchase: Purchase, version: int | None) -> bool:
    """Whether it answers a sale whose order was deleted since."""
    return purchase.row is not None and (version or 0) < len(purchase.row.deleted)


def _pointer(purchase: Purchase, connector: str, warranty: str) -> tuple[PurchaseRow, Pointer]:
    row = purchase.row
    if row is not None:
        for pointer in row.pointers:
            if pointer.connector == connector and pointer.warranty == warranty:
                return row, pointer
    raise reject("unknown_warranty", f"no line here waits for warranty {warranty!r}")


def _with(row: PurchaseRow, changed: Pointer) -> PurchaseRow:
    key = (changed.connector, changed.warranty)
    pointers = tuple(changed if (p.connector, p.warranty) == key else p for p in row.pointers)
    return replace(row, pointers=pointers)


def ask_again(purchase: Purchase, due: TimerDue, event: Event) -> Decision[Purchase]:
    """Repeat a letter that nobody answered; whoever answered it meanwhile answers the same."""
    row = purchase.row or PurchaseRow("")
    draft = Draft()
    for pointer in row.pointers:
        if pointer.state == "pending" and _timer(pointer.connector, pointer.warranty) == due.name:
            sale = next(sale for sale in row.sales if sale.connector == pointer.connector)
            ask_link(draft, row, sale, pointer, event.time)
    return Decision(purchase, letters=tuple(draft.letters), timers=tuple(draft.timers))


def unit_returned(purchase: Purchase, letter: UnitReturned) -> Decision[Purchase]:
    """End a unit that came back under an order linked to it."""
    row, unit = unit_here(purchase, letter.warranty)
    order = letter.order
    under = {(report.namespace, report.reference) for report in unit.reports}
    if (order.namespace, order.reference) not in under:
        message = f"order {order.reference!r} is not linked to warranty {unit.id} yet"
        raise TooEarlyError(message)
    draft = Draft()
    if unit.status == ENDED and not unit.returned_by:
        back_after_all(draft, unit, letter.connector)
        return draft.decision(purchase, row, Ended((unit.id,), letter.returned_on))
    if unit.status == ENDED:
        return Decision(purchase, Outcome.DEDUPLICATED, Ended((unit.id,), letter.returned_on))
    end(draft, unit, Back(letter.connector, letter.returned_on, order, letter.branch))
    return draft.decision(purchase, row, Ended((unit.id,), letter.returned_on))
