"""Merchants: who they are and the defaults that rules need of them."""

import re
from dataclasses import dataclass
from datetime import datetime

from hub.access.keyring import HUB
from hub.adapters.postgres import Database, Queries
from hub.domain.errors import HubError

NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}\Z")
PUT = """
insert into tenant as t (id, coverage_months, patience_days) values ($1, $2, $3)
on conflict (id) do update
   set coverage_months = excluded.coverage_months, patience_days = excluded.patience_days, version = t.version + 1
 where (t.coverage_months, t.patience_days) <> (excluded.coverage_months, excluded.patience_days)
   and t.erased_at is null"""


MAKE_EACH = "update tenant set makes_each = $2 where id = $1 and makes_each <> $2"
NAMED = "select erased_at from tenant where id = $1"
ALL = "select id, coverage_months, patience_days, erased_at from tenant order by id"


ERASED = (
    "tenant {tenant!r} was erased: nothing is taken in, given out or changed in its name any more"
)


class UnknownTenantError(HubError):
    """Nobody has added such a merchant."""


class ErasedTenantError(HubError):
    """The merchant was erased; nothing is done in its name any more."""

    def __init__(self, tenant: str) -> None:
        """Say which, and that nothing brings it back."""
        super().__init__(ERASED.format(tenant=tenant))


class TenantNameError(HubError):
    """The name cannot stand in an event's `source`."""


async def put(queries: Queries, tenant: str, coverage_months: int, patience_days: int) -> None:
    """Add a merchant, or change its defaults under the next version.

    Raises:
        TenantNameError: nobody may be called so.
        ErasedTenantError: somebody of that name was erased.

    """
    if not NAME.match(tenant) or tenant == HUB:
        message = f"{tenant!r} cannot be a tenant; use lower-case letters, digits and dashes, and not {HUB!r}"
        raise TenantNameError(message)
    await queries.execute(PUT, tenant, coverage_months, patience_days)
    await check(queries, tenant)


async def make_each(queries: Queries, tenant: str, *, each: bool) -> None:
    """Say whether an invoice's line without a product code makes a product of its own."""
    await queries.execute(MAKE_EACH, tenant, each)


@dataclass(frozen=True, slots=True)
class Listed:
    """A merchant and its defaults."""

    name: str
    coverage_months: int
    patience_days: int
    erased_at: datetime | None


async def listed(database: Database) -> list[Listed]:
    """Every merchant, by name."""
    rows = await database.fetch(ALL)
    return [Listed(*row) for row in rows]


async def check(queries: Queries, tenant: str, *, even_erased: bool = False) -> None:
    """Return where there is such a tenant; `even_erased` for whoever only looks back.

    Raises:
        UnknownTenantError: there is none.
        ErasedTenantError: there was one.

    """
    if tenant == HUB:
        return
    rows = await queries.fetch(NAMED, tenant)
    if not rows:
        message = f"there is no tenant {tenant!r}; `hub tenant list` shows those there are"
        raise UnknownTenantError(message)
    if rows[0]["erased_at"] is not None and not even_erased:
        raise ErasedTenantError(tenant)
