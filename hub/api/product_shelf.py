"""Reading the catalogue: the rows that deciding writes are what is read, so nothing lags behind."""

from datetime import datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.api.product_bodies import CategoryFilters, ProductFilters
from hub.api.product_documents import (
    BranchStock,
    CategoryDocument,
    ProductDocument,
    StockDocument,
)
from hub.api.shelf import Where
from hub.domain.products import name_key

PRODUCTS = "select id, code, brand, name, category, doc from product p"
SHOWN = """
(p.code is not null or not exists (
  select 1 from product c where c.tenant = p.tenant and c.name_key = p.name_key and c.code is not null))"""
"""What a sale named by brand and name is the product that was described so, where there is one."""
CATEGORIES = "select id, code, doc from category"
STOCK = """
select branch, sum(quantity)::bigint as quantity, count(*) as movements, max(moved_at) as last_moved_at
  from stock_movement where product = $1 group by branch order by branch"""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What of a row's document is read here."""

    number: int = 0
    said: dict[str, Any] = msgspec.field(default_factory=dict)
    described_at: datetime | None = None
    named_by: str | None = None


_kept = msgspec.json.Decoder(Kept).decode


async def product(queries: Queries, code: str) -> ProductDocument | None:
    """The product of a code or an id; None where this tenant has none."""
    rows = await queries.fetch(f"{PRODUCTS} where p.code = $1 or p.id = $1", code)
    return _product(rows[0]) if rows else None


async def products(
    queries: Queries, filters: ProductFilters
) -> tuple[list[ProductDocument], str | None]:
    """Products by id, and the cursor of the next page."""
    where = Where()
    where.add(SHOWN)
    for name in ("code", "category"):
        if (value := getattr(filters, name)) is not None:
            where.add(f"p.{name} = {{}}", value)
    if filters.brand is not None and filters.name is not None:
        where.add("p.name_key = {}", name_key(filters.brand, filters.name))
    elif filters.brand is not None:
        where.add("p.brand = {}", filters.brand)
    elif filters.name is not None:
        where.add("p.name = {}", filters.name)
    if filters.cursor is not None:
        where.add("p.id > {}", f"prd_{filters.cursor}_1")
    sql = f"{PRODUCTS} where {where} order by p.id limit {filters.limit + 1}"
    rows = await queries.fetch(sql, *where.values)
    return [_product(row) for row in rows[: filters.limit]], _cursor(rows, filters.limit)


async def category(queries: Queries, code: str) -> CategoryDocument | None:
    """The category of a code; None where this tenant has none."""
    rows = await queries.fetch(f"{CATEGORIES} where code = $1", code)
    return _category(rows[0]) if rows else None


async def categories(
    queries: Queries, filters: CategoryFilters
) -> tuple[list[CategoryDocument], str | None]:
    """Categories by id, and the cursor of the next page."""
    where = Where()
    if filters.cursor is not None:
        where.add("id > {}", f"cat_{filters.cursor}_1")
    sql = f"{CATEGORIES} where {where} order by id limit {filters.limit + 1}"
    rows = await queries.fetch(sql, *where.values)
    return [_category(row) for row in rows[: filters.limit]], _cursor(rows, filters.limit)


async def stock(queries: Queries, code: str) -> StockDocument:
    """The stock of a product by branch: none where nothing moved."""
    found = [BranchStock(**dict(row)) for row in await queries.fetch(STOCK, code)]
    return StockDocument(product=code, quantity=sum(one.quantity for one in found), branches=found)


def _cursor(rows: list[Any], limit: int) -> str | None:
    return str(rows[limit - 1]["id"]).split("_")[1] if len(rows) > limit else None


def _product(row: Any) -> ProductDocument:
    kept = _kept(row["doc"])
    about = {name: row[name] for name in ("id", "code", "brand", "name", "category")}
    return ProductDocument(
        **about,
        **kept.said,
        version=kept.number,
        described_at=kept.described_at,
        named_by=kept.named_by,
    )


def _category(row: Any) -> CategoryDocument:
    kept = _kept(row["doc"])
    about = {"id": row["id"], "code": row["code"]}
    return CategoryDocument(
        **about, **kept.said, version=kept.number, described_at=kept.described_at
    )
