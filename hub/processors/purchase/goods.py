"""Which product of the catalogue a line means, what it differs in, and what it makes known."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from msgspec.structs import replace

from hub.domain.products import Goods, differing, name_key
from hub.domain.terms import Since
from hub.processors.catalog.product import ask_named, holder_of, named_row
from hub.processors.catalog.state import CATEGORIES, PRODUCTS, CategoryRow, ProductRow
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Ask, AskName, AskRow, Event, Known
from schemas.events.parts import Product, bare_key
from schemas.events.product import ProductNamed
from schemas.events.sale import SaleLine, SaleRecorded
from schemas.refs import (
    category_home,
    category_id,
    home_of,
    named_product_home,
    product_home,
    product_id,
)

S = TypeVar("S")


@lru_cache(maxsize=8192)
def _ask_coded(tenant: str, code: str) -> AskRow:
    return AskRow(PRODUCTS.table, product_id(product_home(tenant, code)))


@lru_cache(maxsize=8192)
def _ask_named(tenant: str, brand: str, name: str) -> tuple[AskRow, AskName]:
    """The product that has no code, and whoever else has its brand and name."""
    key = name_key(brand, name)
    itself = product_id(named_product_home(tenant, key))
    return AskRow(PRODUCTS.table, itself), ask_named(tenant, key)


@lru_cache(maxsize=8192)
def _ask_category(tenant: str, code: str) -> AskRow:
    return AskRow(CATEGORIES.table, category_id(category_home(tenant, code)))


def asks_of(tenant: str, products: Iterable[Product], known: Known) -> Iterator[Ask]:
    """What has to be looked up for these products, as far as is known by now."""
    for product in products:
        if product.code:
            yield _ask_coded(tenant, product.code)
        elif product.brand and product.name:
            yield from _ask_named(tenant, product.brand, product.name)
            yield _ask_row(tenant, product.brand, product.name, known)
        row = found(tenant, product, known)
        if row is not None:
            for category in {since.category for since in row.history if since.category}:
                yield _ask_category(tenant, category)


def _ask_row(tenant: str, brand: str, name: str, known: Known) -> AskRow:
    """The product that is meant by a brand and name, as far as is known by now."""
    itself, named = _ask_named(tenant, brand, name)
    holder = holder_of(known.names(named)) if named in known.answers else None
    return AskRow(PRODUCTS.table, holder.id) if holder else itself


def found(tenant: str, product: Product, known: Known) -> ProductRow | None:
    """The product of the catalogue: by its code, else the one of that brand and name."""
    if product.code:
        ask = _ask_coded(tenant, product.code)
    elif product.brand and product.name:
        ask = _ask_row(tenant, product.brand, product.name, known)
    else:
        return None
    row = known.answers.get(ask)
    return row if isinstance(row, ProductRow) else None


def keys_of(product: Product, row: ProductRow | None) -> tuple[str, ...]:
    """What a product may be called in a purchase: as the line has it, else as the catalogue has it."""
    if row is None:
        return (product.key,)
    named = bare_key(row.brand, row.name)
    return tuple(dict.fromkeys((product.key, row.code or named, named)))


def called(product: Product, row: ProductRow | None, held: frozenset[str]) -> str:
    """The key of a product: whatever the purchase has called it so far, else its code.

    So reports of one order meet that name a product by code and by brand and name, and what was
    told before a product had its code stays what it is.
    """
    if row is None or (product.code and not held):
        return product.key
    keys = keys_of(product, row)
    itself = keys[0] if product.code or len(keys) == 1 else keys[1]
    return next((key for key in keys if key in held), itself)


def category_of(tenant: str, since: Since | None, known: Known) -> CategoryRow | None:
    """The category that a product was in."""
    if since is None or since.category is None:
        return None
    row = known.answers.get(_ask_category(tenant, since.category))
    return row if isinstance(row, CategoryRow) else None


def differences(
    lines: Sequence[SaleLine], rows: Sequence[ProductRow | None]
) -> tuple[tuple[str, str], ...]:
    """What lines call otherwise than the catalogue, which stays as it is: a code, and the line."""
    found: tuple[tuple[str, str], ...] = ()
    for line, row in zip(lines, rows, strict=True):
        told = line.product
        if row is not None and (told.brand != row.brand or told.name != row.name):
            what = differing(_goods(told), row.goods)
            found += tuple((f"{each}_differs", line.line) for each in what)
    return found


def with_products(
    decision: Decision[S], event: Event, sale: SaleRecorded, rows: Sequence[ProductRow | None]
) -> Decision[S]:
    """The decision, and the products that its sale is the first to name: founded, and told of."""
    if None not in rows:
        return decision
    unknown = [
        line.product
        for line, row in zip(sale.lines, rows, strict=True)
        if row is None and line.product.name
    ]
    if not unknown:
        return decision
    named = {
        row.id: row
        for product in unknown
        if (row := named_row(event.tenant, _goods(product), event.connector)) is not None
    }
    letters = tuple(_told_of(row) for row in named.values())
    return replace(decision, founded=tuple(named.values()), letters=(*decision.letters, *letters))


def _goods(product: Product) -> Goods:
    return Goods(product.code, product.brand, product.name)


def _told_of(row: ProductRow) -> Letter:
    fact = ProductNamed.model_construct(
        name=row.name, connector=row.named_by or "", code=row.code, brand=row.brand
    )
    return Letter(fact, home_of(row.id))
