"""Stock: each movement has a home of its own, so it counts once however often it is told.

Under the serials that it names a claim finds it, and one that waited for it hears of it.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from hub.domain.errors import reject
from hub.domain.moments import check_moment
from hub.domain.serials import name_prefix, name_value, normalise
from hub.processors.catalog.state import MOVEMENT, CatalogRow, MovementRow, Shelf
from hub.sdk.decision import Decision, Letter, NameClaim, NameRelease, Said
from hub.sdk.events import AskName, Event, Known, Outcome
from schemas.events.claim import StockSeen
from schemas.events.product import StockChanged, StockMoved
from schemas.refs import movement_home, movement_id

MOVED, WANTED = "moved", "stock_wanted"
"""Kinds of names: the movements of a serial, and the claims that wait for one."""


class ToldMovement(msgspec.Struct, frozen=True, gc=False):
    """A movement as it counts."""

    id: str
    product: str
    branch: str
    quantity: int


class Moved(msgspec.Struct, frozen=True, gc=False):
    """The answer to a movement."""

    movement: ToldMovement


def needs(event: Event, fact: StockMoved) -> Iterator[AskName]:
    """Which claims wait for a movement of these units."""
    for norm in _norms(fact.serials):
        yield AskName(event.tenant, WANTED, name_prefix(norm), prefix=True)


def move(shelf: Shelf, event: Event, fact: StockMoved, known: Known) -> Decision[Shelf]:
    """Count a movement, recognise one that is counted, or take its correction; whoever waits hears of it."""
    decision = _count(shelf, event, fact)
    row = decision.state.movement
    if row is None or not decision.rows:
        return decision
    # A repeat claims them as well: what was counted by older code has none.
    names = tuple(_names(shelf.movement, row))
    return replace(decision, names=names, letters=tuple(_letters(event, row, known)))


def _count(shelf: Shelf, event: Event, fact: StockMoved) -> Decision[Shelf]:
    check_moment("moved", fact.moved_at, event.received_at)
    row, place = shelf.movement, movement_home(event.tenant, event.connector, fact.reference)
    new = _row(movement_id(place), event, fact)
    if row is None:
        if not fact.quantity:
            raise reject("quantity_zero", "nothing moved; send how many came (+) or left (-)")
        return _kept(place, new, (_said(new),))
    if _content(row) == _content(new):
        kept = replace(row, revision=max(row.revision, new.revision))
        return replace(_kept(place, kept, ()), outcome=Outcome.DEDUPLICATED)
    if row.raw is None or row.raw != new.raw:
        message = (
            f"movement {fact.reference!r} was reported before with other content; "
            "send what moved since under a reference of its own"
        )
        raise reject("movement_differs", message)
    if new.revision <= row.revision:
        return Decision(shelf, Outcome.DEDUPLICATED, _answer(row))
    if (row.product, row.branch) == (new.product, new.branch):
        return _kept(place, new, (_said(new, row.quantity),))
    gone = _said(replace(row, quantity=0), row.quantity)
    return _kept(place, new, (gone, _said(new)))


def _named(row: MovementRow | None) -> tuple[str, ...]:
    """The serials under which a movement is found; one that came to nothing is found under none."""
    return _norms(row.serials) if row is not None and row.quantity else ()


def _norms(serials: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normalise(one) for one in serials))


def _names(before: MovementRow | None, row: MovementRow) -> Iterator[NameClaim | NameRelease]:
    now = _named(row)
    for norm in _named(before):
        if norm not in now:
            yield NameRelease(MOVED, name_value(norm, row.id))
    for norm in now:
        yield NameClaim(MOVED, name_value(norm, row.id), row.id)


def _letters(event: Event, row: MovementRow, known: Known) -> Iterator[Letter]:
    waiting = {
        holder.id: holder.home
        for norm in _named(row)
        for holder in known.names(AskName(event.tenant, WANTED, name_prefix(norm), prefix=True))
        if not holder.released
    }
    for claim, home in waiting.items():
        yield Letter(StockSeen(claim=claim, movement=row.id), home)


def _row(identifier: str, event: Event, fact: StockMoved) -> MovementRow:
    return MovementRow(
        identifier,
        fact.reference,
        event.connector,
        fact.product,
        fact.branch,
        fact.quantity,
        fact.moved_at,
        fact.reason,
        tuple(sorted(fact.serials)),
        event.raw,
        event.revision,
    )


def _content(row: MovementRow) -> tuple[object, ...]:
    about = (row.product, row.branch, row.quantity, row.moved_at)
    return (*about, row.reason, row.serials)


def _kept(place: str, row: MovementRow, said: tuple[Said, ...]) -> Decision[Shelf]:
    head = CatalogRow(place, MOVEMENT, row.reference)
    return Decision(Shelf(head, movement=row), answer=_answer(row), said=said, rows=(row,))


def _answer(row: MovementRow) -> Moved:
    return Moved(ToldMovement(row.id, row.product, row.branch, row.quantity))


def _said(row: MovementRow, before: int | None = None) -> Said:
    fact = StockChanged(
        movement=row.id,
        reference=row.reference,
        connector=row.connector,
        product=row.product,
        branch=row.branch,
        quantity=row.quantity,
        moved_at=row.moved_at,
        before=before,
        reason=row.reason,
    )
    return Said(fact, row.id)
