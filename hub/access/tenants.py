"""Merchants: who they are and the defaults that rules need of them."""

import re
from dataclasses import dataclass

from hub.access.keyring import HUB
from hub.adapters.postgres import Database, Queries
from hub.domain.errors import HubError

NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
PUT = """
insert into tenant as t (id, coverage_months, patience_days) values ($1, $2, $3)
on conflict (id) do update
   set coverage_months = excluded.coverage_months, patience_days = excluded.patience_days, version = t.version + 1
 where (t.coverage_months, t.patience_days) <> (excluded.coverage_months, excluded.patience_days)"""


NAMED = "select 1 from tenant where id = $1"
ALL = "select id, coverage_months, patience_days from tenant order by id"


class UnknownTenantError(HubError):
    """Nobody has added such a merchant."""


class TenantNameError(HubError):
    """The name cannot stand in an event's `source`."""


async def put(database: Database, tenant: str, coverage_months: int, patience_days: int) -> None:
    """Add a merchant, or change its defaults under the next version."""
    if not NAME.match(tenant) or tenant == HUB:
        message = f"{tenant!r} cannot be a tenant; use lower-case letters, digits and dashes, and not {HUB!r}"
        raise TenantNameError(message)
    await database.execute(PUT, tenant, coverage_months, patience_days)


@dataclass(frozen=True, slots=True)
class Listed:
    """A merchant and its defaults."""

    name: str
    coverage_months: int
    patience_days: int


async def listed(database: Database) -> list[Listed]:
    """Every merchant, by name."""
    rows = await database.fetch(ALL)
    return [Listed(row["id"], row["coverage_months"], row["patience_days"]) for row in rows]


async def check(queries: Queries, tenant: str) -> None:
    """Return where there is such a tenant.

    Raises:
        UnknownTenantError: there is none.

    """
    if tenant != HUB and not await queries.fetch(NAMED, tenant):
        message = f"there is no tenant {tenant!r}; `hub tenant list` shows those there are"
        raise UnknownTenantError(message)
