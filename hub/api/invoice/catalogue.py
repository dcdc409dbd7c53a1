"""What the catalogue knows of the products that invoices name, asked before they are read as sales."""

from collections.abc import Iterable

from hub.adapters.postgres import TenantDatabase
from hub.api.invoice.body import Invoice
from hub.api.invoice.meaning import Catalogue, Merchant, asked_of
from hub.domain.products import Asked, Goods

MAKES_EACH = "select makes_each from tenant where id = $1"
# Of several products with one brand and name, that with the first code; deciding chooses so, too.
FOUND = """
select code, brand, name, name_key from product
 where code = any($1::text[]) or name_key = any($2::text[])
 order by code collate "C" desc nulls first
"""


async def known(
    database: TenantDatabase, tenant: str, invoices: Iterable[Invoice]
) -> tuple[Merchant, Catalogue]:
    """The merchant, and whatever it has of what these invoices name.

    Raises:
        StoreUnavailableError: it could not be asked.

    """
    asked = {one for invoice in invoices for one in asked_of(invoice)}
    codes = [one.value for one in asked if one.by == "code"]
    names = [one.value for one in asked if one.by == "name"]
    async with database.speaking_for(tenant) as queries:
        each = await queries.fetch(MAKES_EACH, tenant)
        rows = await queries.fetch(FOUND, codes, names)
    catalogue: dict[Asked, Goods] = {}
    for row in rows:
        goods = Goods(row["code"], row["brand"], row["name"])
        if row["code"] is not None:
            catalogue[Asked("code", row["code"])] = goods
        if row["name_key"] is not None:
            catalogue[Asked("name", row["name_key"])] = goods
    makes_each = bool(each and each[0]["makes_each"])
    return Merchant(tenant, tenant, makes_each=makes_each), catalogue
