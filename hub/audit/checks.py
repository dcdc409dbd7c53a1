"""What verifications found, for whoever asks later: kept in the tenant's own rows, never changed."""

from datetime import datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.audit.verifying import Reading, Verdict

KEEP = "insert into audit_check (tenant, by, doc) values ($1, $2, $3::json)"
NEWEST = "select at, by, doc from audit_check where tenant = $1 order by n desc limit 1"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A verification of before."""

    at: datetime
    by: str
    verdict: Verdict


async def keep(queries: Queries | Any, verdict: Verdict, by: str) -> None:
    """Keep what was found."""
    await queries.execute(KEEP, verdict.tenant, by, msgspec.json.encode(verdict).decode())


async def newest(queries: Reading, tenant: str) -> Check | None:
    """The last verification of a tenant's chain; None where there was none."""
    for row in await queries.fetch(NEWEST, tenant):
        verdict = msgspec.json.decode(row["doc"], type=Verdict)
        return Check(at=row["at"], by=row["by"], verdict=verdict)
    return None
