"""A return: ends what came back, once, and takes corrections as far as that can be sound."""

from collections.abc import Sequence

from msgspec.structs import replace

from hub.domain.coverage import day_of
from hub.domain.errors import TooEarlyError, reject
from hub.domain.moments import check_moment
from hub.domain.orders import check_return
from hub.domain.reports import SALE, Report
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Ended
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.goods import called, found
from hub.processors.purchase.picking import Sold, pick, product_key, sold_of
from hub.processors.purchase.sheet import needs_person
from hub.processors.purchase.state import ENDED, Purchase, PurchaseRow, Return
from hub.processors.purchase.units import Back, back_after_all, corrected, end
from hub.sdk.decision import Decision, Letter, Said
from hub.sdk.events import Event, Known, Outcome
from schemas.events.link import UnitReturned
from schemas.events.parts import Product
from schemas.events.sale import SaleReturned
from schemas.refs import home_of


def take_back(
    purchase: Purchase, event: Event, returned: SaleReturned, known: Known
) -> Decision[Purchase]:
    """End what came back, or refuse the return with every reason."""
    check_return(returned)
    check_moment("returned", returned.returned_at, event.received_at)
    row = purchase.row
    if row is None or not row.sales:
        message = f"the sale of order {returned.order.reference} is not known yet"
        raise TooEarlyError(message)
    told = _told(event, returned)
    returned = _as_called(purchase, event, returned, known)
    first = _before(row, told)
    if first is not None:
        return _again(purchase, row, first, told, returned)
    picked = pick(sold_of(purchase), returned, event.connector, row)
    draft = Draft()
    row = _end(draft, purchase, picked, returned, told)
    told = replace(told, answer=tuple(sold.id for sold in picked))
    row = replace(row, returns=(*row.returns, told))
    outcome = Outcome.DEDUPLICATED if all(sold.ended for sold in picked) else Outcome.APPLIED
    return draft.decision(purchase, row, _answer(told), outcome)


def _as_called(
    purchase: Purchase, event: Event, returned: SaleReturned, known: Known
) -> SaleReturned:
    """The return with its products called as the order calls them."""
    held = purchase.products()
    lines = []
    for line in returned.lines:
        if line.product is not None and line.product.key:
            key = called(line.product, found(event.tenant, line.product, known), held)
            product = Product.model_construct(code=key)
            lines.append(line.model_copy(update={"product": product}))
        else:
            lines.append(line)
    return returned.model_copy(update={"lines": tuple(lines)})


def _answer(told: Return) -> Ended:
    return Ended(told.answer, told.day)


def _told(event: Event, returned: SaleReturned) -> Return:
    lines = tuple(
        (
            line.line,
            product_key(line),
            line.quantity,
            tuple(sorted(map(normalise, line.serials))),
        )
        for line in returned.lines
    )
    day = day_of(returned.returned_at, returned.zone)
    about = (event.connector, returned.reference, day, lines, ())
    return Return(*about, event.raw, event.revision)


def _before(row: PurchaseRow, told: Return) -> Return | None:
    """What this return repeats or corrects: its own reference, or what else its record said."""
    own = [first for first in row.returns if first.connector == told.connector]
    same = next((first for first in own if first.reference == told.reference), None)
    if same is not None or told.raw is None:
        return same
    record = [first for first in own if first.raw == told.raw]
    if any(first.revision < told.revision for first in record):
        raise needs_person(f"the record of return {told.reference!r} was read as another before")
    return next((first for first in record if first.revision > told.revision), None)


def _again(
    purchase: Purchase, row: PurchaseRow, first: Return, told: Return, returned: SaleReturned
) -> Decision[Purchase]:
    """A repeat, or a correction: another translation of the same record."""
    same = (first.day, first.lines) == (told.day, told.lines)
    same_record = told.raw is not None and told.raw == first.raw
    if same_record and told.revision < first.revision:
        return Decision(purchase, Outcome.DEDUPLICATED, _answer(first))
    if same_record and told.revision > first.revision:
        return _correct(purchase, row, first, told, returned)
    if not same:
        raise reject(
            "return_differs",
            f"return {told.reference!r} was reported before with other content; "
            "send what else came back under another reference",
        )
    return Decision(purchase, Outcome.DEDUPLICATED, _answer(first))


def _correct(
    purchase: Purchase, row: PurchaseRow, first: Return, told: Return, returned: SaleReturned
) -> Decision[Purchase]:
    """End what came back too, and on which day. What has ended once does not begin again."""
    before = first.answer
    if first.lines == told.lines:
        picked: list[Sold] = []
    else:
        picked = pick(sold_of(purchase), returned, told.connector, row, before)
        if not set(before) <= {sold.id for sold in picked}:
            raise needs_person("a warranty that has ended does not begin again")
    more = [sold for sold in picked if sold.id not in before]
    draft = Draft()
    if first.day != told.day:
        _move(draft, purchase, before, told, returned)
    row = _end(draft, purchase, more, returned, told)
    kept = replace(told, answer=(*before, *(sold.id for sold in more)))
    row = replace(row, returns=tuple(kept if one is first else one for one in row.returns))
    outcome = Outcome.APPLIED if draft.said or draft.letters else Outcome.DEDUPLICATED
    return draft.decision(purchase, row, _answer(kept), outcome)


def _move(
    draft: Draft, purchase: Purchase, before: Sequence[str], told: Return, returned: SaleReturned
) -> None:
    """Units that this return had ended ended on another day."""
    order = returned.order
    about = (told.connector, SALE, order.namespace, order.reference, "", told.day, told.day)
    for identifier in before:
        unit = purchase.units.get(identifier)
        if unit is None:
            raise needs_person(f"{identifier} lives in another purchase, which knows its last day")
        if unit.returned_by[:1] == (told.connector,):
            unit = replace(unit, ended_on=max(told.day, unit.starts_on))
            draft.units[unit.id] = unit
            report = Report(*about, returned.branch, None, "")
            draft.said.append(Said(corrected(unit, report, "return"), unit.id))


def _end(
    draft: Draft,
    purchase: Purchase,
    picked: Sequence[Sold],
    returned: SaleReturned,
    told: Return,
) -> PurchaseRow:
    back = Back(told.connector, told.day, returned.order, returned.branch)
    for sold in picked:
        unit = purchase.units.get(sold.id)
        if unit is not None and unit.status == ENDED:
            back_after_all(draft, unit, told.connector)
        elif unit is not None:
            end(draft, unit, back)
    return _mark(draft, purchase.row or PurchaseRow(""), picked, returned, back)


def _mark(
    draft: Draft, row: PurchaseRow, picked: Sequence[Sold], returned: SaleReturned, back: Back
) -> PurchaseRow:
    """Mark the pointers of units that live elsewhere, and tell their homes what is news."""
    ids = {sold.id for sold in picked}
    pointers = tuple(
        replace(p, returned_by=(*p.returned_by, back.connector)) if p.warranty in ids else p
        for p in row.pointers
    )
    elsewhere = {pointer.warranty for pointer in pointers}
    for sold in picked:
        if sold.id in elsewhere and not sold.ended:
            fact = UnitReturned.model_construct(
                warranty=sold.id,
                order=returned.order,
                reference=returned.reference,
                connector=back.connector,
                returned_on=back.day,
                branch=returned.branch,
            )
            draft.letters.append(Letter(fact, home_of(sold.id)))
    return replace(row, pointers=pointers) if row.pointers else row
