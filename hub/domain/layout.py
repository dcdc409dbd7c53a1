"""Which units of one product an order has, once every source has said how many and which serials.

The same answer whatever order the sources spoke in: a serial is one unit, and beyond the serials
the highest quantity any source reports counts. What came back is part of it before anything else.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec


class Place(msgspec.Struct, frozen=True, gc=False):
    """A unit that is known already."""

    id: str
    norm: str | None
    """Its serial as it is compared."""
    held: bool = False
    """Somebody beside this order's sources knows it by its serial, which therefore stays."""
    back: bool = False
    """It came back."""
    firm: int = 0
    """How many sources beside the one that corrects itself report it."""
    linked: tuple[str, ...] = ()
    """The sources whose lines point to it, where it lives elsewhere."""
    reserved: bool = False
    """Only an item with its serial can be this unit."""


class Want(msgspec.Struct, frozen=True, gc=False):
    """An item that a source sold, with or without a serial."""

    source: str
    norm: str | None
    was: str | None = None
    """The unit that its source was told of at the same position of the same line before."""


class Laid(msgspec.Struct, gc=False, eq=False):
    """A unit as it is now: a known one or, without a place, a new one; and the items it is."""

    place: Place | None
    norm: str | None
    items: list[int]


Fits = Callable[[str, Place], bool]
"""Whether a source's item may be that unit."""


def lay_out(places: Sequence[Place], wants: Sequence[Want], fits: Fits) -> list[Laid]:
    """Give every item its unit. Places that none of these names are not sold any more."""
    laid = _named(places, wants)
    count = Counter(want.source for want in wants)
    laid = _named(places, wants)
    missing = max(count.values(), default=0) - len(laid)
    free = [place for place in _free(places, laid) if not place.reserved]
    free.sort(key=lambda place: (not place.linked, not place.back, -place.firm))
    laid += [_without_serial(place) for place in free[: max(missing, 0)]]
    laid += [Laid(None, None, []) for _ in range(missing - len(free))]
    order = {place.id: number for number, place in enumerate(places)}
    laid.sort(key=lambda one: order[one.place.id] if one.place else len(order))
    for source in count:
        left = _deal(source, laid, wants, fits)
        spare = [p for p in _free(places, laid) if _may_take(source, p) and fits(source, p)]
        for number in left:
            laid.append(_without_serial(spare.pop(0)) if spare else Laid(None, None, []))
            laid[-1].items.append(number)
    return [one for one in laid if one.items]


def _without_serial(place: Place) -> Laid:
    """Known by its serial to others, or to nobody any more."""
    return Laid(place, place.norm if place.held or place.linked else None, [])


def _may_take(source: str, place: Place) -> bool:
    return not place.reserved and (not place.linked or source in place.linked)


def left_behind(places: Sequence[Place], laid: Sequence[Laid]) -> list[Place]:
    """Units that came back and are none of those sold, though others of the product are covered.

    One of those must be the one that came back, and nothing here tells which.
    """
    if all(one.place is not None and one.place.back for one in laid):
        return []
    return [place for place in _free(places, laid) if place.back]


def _free(places: Sequence[Place], laid: Sequence[Laid]) -> list[Place]:
    taken = {one.place.id for one in laid if one.place}
    return [place for place in places if place.id not in taken]


def _named(places: Sequence[Place], wants: Sequence[Want]) -> list[Laid]:
    """A unit for each serial: whichever has it, else whichever was sold in its stead, else a blank."""
    by_norm = {place.norm: place for place in reversed(places)}
    norms = dict.fromkeys(want.norm for want in wants if want.norm)
    laid = {norm: Laid(by_norm.get(norm), norm, []) for norm in norms}
    free = {place.id: place for place in _free(places, list(laid.values()))}
    for want in wants:
        before = free.get(want.was or "")
        if want.norm and before and laid[want.norm].place is None and _renamable(before):
            laid[want.norm].place = free.pop(before.id)
    blanks = sorted((p for p in free.values() if p.norm is None), key=lambda place: place.back)
    for one in laid.values():
        if one.place is None and blanks:
            one.place = blanks.pop(0)
    return list(laid.values())


def _renamable(place: Place) -> bool:
    return not (place.held or place.linked or place.reserved)


def _deal(source: str, laid: list[Laid], wants: Sequence[Want], fits: Fits) -> list[int]:
    """Put the items of a source on units, those without a serial first on units without one.

    Gives the items that fit no unit which is left.
    """
    by_norm = {one.norm: one for one in laid}
    mine = [(number, want) for number, want in enumerate(wants) if want.source == source]
    named = {want.norm for _, want in mine if want.norm}
    for number, want in mine:
        if want.norm:
            by_norm[want.norm].items.append(number)
    rest = [number for number, want in mine if not want.norm]
    open_ = [
        one for one in laid if one.norm not in named and (not one.place or fits(source, one.place))
    ]
    open_.sort(key=lambda one: (not (one.place and source in one.place.linked), bool(one.norm)))
    for number, one in zip(rest, open_, strict=False):
        one.items.append(number)
    return rest[len(open_) :]
