"""Units that are promised to claims: one is set aside where more are on hand than are promised already."""

import msgspec
from msgspec.structs import replace

from hub.processors.catalog.state import PRODUCT, CatalogRow, ProductRow, Reserved, Shelf
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import AskStock, Event, Known, Outcome
from schemas.base import Fact
from schemas.events.claim import StockPromised, StockReleased, StockShort, StockWanted
from schemas.refs import home_of


class Promised(msgspec.Struct, frozen=True, gc=False):
    """What became of a unit that was wanted."""

    effect: str
    promised: bool
    left: int
    """How many more could be promised."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The answer to a wish; the home that has it is told by letter."""

    stock: Promised


def needs(event: Event, fact: StockWanted) -> tuple[AskStock]:
    """What is on hand of the product: movements name it by its code."""
    return (AskStock(event.tenant, fact.product),)


def promise(shelf: Shelf, event: Event, fact: StockWanted, known: Known) -> Decision[Shelf]:
    """Set a unit aside, or say that there is none; an effect that has one keeps it."""
    row, stock = shelf.product, known.stock(AskStock(event.tenant, fact.product))
    if shelf.row is None or row is None:
        # What nobody has told this home of is not founded by a wish for it.
        return _short(shelf, fact, known=False)
    left = stock.on_hand - len(row.reserved)
    if fact.effect in _effects(row):
        decision = Decision(shelf, Outcome.DEDUPLICATED)
        return _told(decision, fact, promised=True, left=left)
    if left < 1:
        return _short(shelf, fact, known=stock.movements > 0)
    new = replace(row, reserved=(*row.reserved, Reserved(fact.effect, event.time)))
    return _told(_kept(shelf, new), fact, promised=True, left=left - 1)


def release(shelf: Shelf, fact: StockReleased) -> Decision[Shelf]:
    """What was set aside for an effect is free again, or has left the stock."""
    row = shelf.product
    if row is None or fact.effect not in _effects(row):
        return Decision(shelf, Outcome.DEDUPLICATED)
    left = tuple(one for one in row.reserved if one.effect != fact.effect)
    return _kept(shelf, replace(row, reserved=left))


def _effects(row: ProductRow) -> set[str]:
    return {one.effect for one in row.reserved}


def _kept(shelf: Shelf, row: ProductRow) -> Decision[Shelf]:
    head = shelf.row or CatalogRow(home_of(row.id), PRODUCT, row.code or row.name_key or "")
    return Decision(Shelf(head, product=row), rows=(row,))


def _short(shelf: Shelf, fact: StockWanted, *, known: bool) -> Decision[Shelf]:
    letter = StockShort(effect=fact.effect, known=known)
    return _with(Decision(shelf), fact, letter, Promised(fact.effect, promised=False, left=0))


def _told(
    decision: Decision[Shelf], fact: StockWanted, *, promised: bool, left: int
) -> Decision[Shelf]:
    most = max(left, 0)
    letter = StockPromised(effect=fact.effect, left=most)
    return _with(decision, fact, letter, Promised(fact.effect, promised, most))


def _with(
    decision: Decision[Shelf], fact: StockWanted, letter: Fact, told: Promised
) -> Decision[Shelf]:
    back = Letter(letter, home_of(fact.effect))
    return replace(decision, answer=Answer(told), letters=(back,))
