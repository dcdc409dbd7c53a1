"""What a run of `hub retain` removed of a tenant, and by which version of its policy.

A run begins with the first thing that goes and counts in the transaction in which things go, so one that
was killed goes on counting where it stood. Ended, it is an entry of the audit.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hub.access.keyring import HUB
from hub.adapters.postgres import Database, Queries
from hub.audit.entries import By, Entry, record
from hub.privacy.retention import NAME, InForce

OPEN = "select tenant, version, days from retention_run where ended_at is null"
COUNT = """
insert into retention_run as r (tenant, version, days, removed)
values ($1, $2, $3::text::jsonb, jsonb_build_object($4::text, $5::bigint))
on conflict (tenant) where ended_at is null do update
   set removed = r.removed || jsonb_build_object($4::text, coalesce((r.removed ->> $4)::bigint, 0) + $5)
"""
END = """
update retention_run set ended_at = clock_timestamp() where ended_at is null and tenant = any($1::text[])
returning n, tenant, version, days, removed, began_at
"""


async def count(queries: Queries, tenant: str, by: InForce, what: str, gone: int) -> None:
    """Note, in the transaction of it, that so many went of a table, or of the files."""
    await queries.execute(COUNT, tenant, by.version, _text(by), what, gone)


async def end_others(database: Database, holds: Mapping[str, InForce]) -> None:
    """End the runs that somebody left and that another decision follows by now."""
    rows = await database.fetch(OPEN)
    await end(database, [row["tenant"] for row in rows if not _goes_on(row, holds)])


async def end(database: Database, tenants: Iterable[str]) -> None:
    """End these tenants' runs; one that removed nothing never began."""
    async with database.transaction() as moment:
        rows = await moment.fetch(END, sorted(tenants))
        await record(moment, *map(_entry, rows))


def _goes_on(row: Any, holds: Mapping[str, InForce]) -> bool:
    by = holds.get(row["tenant"])
    if by is None:
        return False
    return bool(by.version == row["version"] and by.days == msgspec.json.decode(row["days"]))


def _text(by: InForce) -> str:
    return msgspec.json.encode(by.days).decode()


def _entry(row: Any) -> Entry:
    said = {
        "policy": NAME,
        "version": row["version"],
        "days": msgspec.json.decode(row["days"]),
        "removed": msgspec.json.decode(row["removed"]),
        "began_at": row["began_at"],
    }
    return Entry(
        tenant=row["tenant"],
        action="retention:applied",
        subject=f"retention/{row['n']}",
        by=By(kind="system", id=HUB),
        doc=said,
    )
