"""A product: described by its merchant, or named by a sale, which never changes one that is there."""

import msgspec
from msgspec.structs import replace

from hub.domain.errors import reject
from hub.domain.products import Goods, name_key
from hub.domain.terms import Since, Terms, remembered
from hub.processors.catalog.describing import Told, Verdict, compared, description_of, later
from hub.processors.catalog.state import PRODUCT, CatalogRow, ProductRow, Shelf
from hub.sdk.decision import Decision, NameClaim, NameRelease, Said
from hub.sdk.events import AskName, Event, Known, NameHolder, Outcome
from schemas.events.product import ProductChanged, ProductDescribed, ProductNamed
from schemas.refs import SEPARATOR, home_of, named_product_home, product_home, product_id

KIND = "product"
"""The kind of name under which a product is found by its brand and name."""


class Described(msgspec.Struct, frozen=True, gc=False):
    """The answer to a description."""

    product: Told


def ask_named(tenant: str, key: str) -> AskName:
    """Which products have that brand and name."""
    return AskName(tenant, KIND, key + SEPARATOR, prefix=True)


def holder_of(holders: tuple[NameHolder, ...]) -> NameHolder | None:
    """Which of them is meant: the one with the first code, else the one that has none."""
    live = [one for one in holders if not one.released]
    coded = [one for one in live if not one.value.endswith(SEPARATOR)]
    return next(iter(coded or live), None)


def home_of_goods(tenant: str, goods: Goods) -> str | None:
    """Where a product lives, or would if it were known; None where too little is said of it."""
    if goods.code:
        return product_home(tenant, goods.code)
    if goods.brand and goods.name:
        return named_product_home(tenant, name_key(goods.brand, goods.name))
    return None


def describe(shelf: Shelf, event: Event, fact: ProductDescribed) -> Decision[Shelf]:
    """Take what a merchant says of a product, unless something later is known."""
    told, row = description_of(fact, event), shelf.product
    verdict = compared(row, told, fact.expects_version)
    if row is not None and verdict is Verdict.STALE:
        return Decision(shelf, Outcome.DEDUPLICATED, _answer(row, stale=True))
    if row is not None and verdict is Verdict.SAME:
        kept = replace(row, described_at=later(row, told.at))
        return _kept(shelf, kept, Outcome.DEDUPLICATED)
    place = product_home(event.tenant, fact.code)
    before = row or ProductRow(product_id(place), code=fact.code)
    number = before.number + 1
    since = Since(number, told.at, fact.category, Terms.of(fact.terms) if fact.terms else None)
    new = replace(
        before,
        number=number,
        brand=fact.brand,
        name=fact.name,
        category=fact.category,
        said={k: v for k, v in told.said.items() if k not in {"brand", "name", "category"}},
        hash=told.hash,
        described_at=told.at,
        history=remembered(before.history, since),
    )
    said = ProductChanged(
        product=new.id,
        version=number,
        by="description",
        connector=event.connector,
        code=fact.code,
        **told.said,
    )
    decision = _kept(shelf, new, Outcome.APPLIED)
    return replace(decision, said=(Said(said, new.id),), names=_names(row, new))


def name(shelf: Shelf, event: Event, fact: ProductNamed, known: Known) -> Decision[Shelf]:
    """Keep a product that a sale named, if nobody has it: what stands is never changed by a sale."""
    # A row without a head was founded by that sale, and its home has not heard of it until now.
    known_here = shelf.row is not None and shelf.product is not None
    if known_here or _has_code(event.tenant, fact, known):
        return Decision(shelf, Outcome.DEDUPLICATED)
    new = named_row(event.tenant, Goods(fact.code, fact.brand, fact.name), fact.connector)
    if new is None:
        raise reject("product_unknown", "a product without a code has a brand and a name")
    said = ProductChanged(
        product=new.id,
        version=0,
        by="sale",
        connector=fact.connector,
        name=fact.name,
        code=fact.code,
        brand=fact.brand,
    )
    decision = _kept(shelf, new, Outcome.APPLIED)
    return replace(decision, answer=None, said=(Said(said, new.id),), names=_names(None, new))


def named_row(tenant: str, goods: Goods, connector: str) -> ProductRow | None:
    """A product as a sale names it: its default attributes are that it has none.

    None where too little is said of it to make one.
    """
    place = home_of_goods(tenant, goods)
    if place is None or not goods.name:
        return None
    return ProductRow(product_id(place), 0, goods.code, goods.brand, goods.name, named_by=connector)


def _has_code(tenant: str, fact: ProductNamed, known: Known) -> bool:
    """Whether what is named without a code is by now a product that has one."""
    if fact.code or not fact.brand:
        return False
    holders = known.names(ask_named(tenant, name_key(fact.brand, fact.name)))
    found = holder_of(holders)
    return found is not None and not found.value.endswith(SEPARATOR)


def _kept(shelf: Shelf, row: ProductRow, outcome: Outcome) -> Decision[Shelf]:
    place = home_of(row.id)
    head = shelf.row or CatalogRow(place, PRODUCT, row.code or row.name_key or "")
    head = replace(head, current=row.number)
    return Decision(Shelf(head, product=row), outcome, _answer(row), rows=(row,))


def _answer(row: ProductRow, *, stale: bool = False) -> Described:
    return Described(Told(row.id, row.code or "", row.number, stale))


def _names(before: ProductRow | None, after: ProductRow) -> tuple[NameClaim | NameRelease, ...]:
    """A name of its own for each product: several may have one brand and name."""
    old, new = before.name_key if before else None, after.name_key
    if old == new:
        return ()
    end = SEPARATOR + (after.code or "")
    gone = (NameRelease(KIND, old + end),) if old else ()
    come = (NameClaim(KIND, new + end, after.id),) if new else ()
    return (*gone, *come)
