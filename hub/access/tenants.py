"""Merchants: who they are and the defaults that rules need of them."""

import re

from hub.access.keyring import HUB
from hub.adapters.postgres import Database
from hub.domain.errors import HubError

NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
PUT = """
insert into tenant as t (id, coverage_months, patience_days) values ($1, $2, $3)
on conflict (id) do update
   set coverage_months = excluded.coverage_months, patience_days = excluded.patience_days, version = t.version + 1
 where (t.coverage_months, t.patience_days) <> (excluded.coverage_months, excluded.patience_days)"""


class TenantNameError(HubError):
    """The name cannot stand in an event's `source`."""


async def put(database: Database, tenant: str, coverage_months: int, patience_days: int) -> None:
    """Add a merchant, or change its defaults under the next version."""
    if not NAME.match(tenant) or tenant == HUB:
        message = f"{tenant!r} cannot be a tenant; use lower-case letters, digits and dashes, and not {HUB!r}"
        raise TenantNameError(message)
    await database.execute(PUT, tenant, coverage_months, patience_days)
