"""Whoever adds a column of bytes says whether it is sealed."""

import pytest

from hub.adapters.postgres import Database
from hub.privacy.columns import NOT_SEALED, SEALED

pytestmark = pytest.mark.servers

BYTES = """
select c.relname::text as tab, a.attname::text as col
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
   and a.atttypid in ('bytea'::regtype, 'bytea[]'::regtype)
"""
TENANTLESS = """
select relname from pg_class c where relname = any($1::text[]) and relkind = 'r' and not exists (
  select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant')
"""


async def test_every_column_of_bytes_is_declared(database: Database) -> None:
    found = {(row["tab"], row["col"]) for row in await database.fetch(BYTES)}
    declared = {(one.table, one.column) for one in SEALED}

    assert found - NOT_SEALED - declared == set(), "declare it in hub/privacy/columns.py"
    assert declared - found == set()
    assert {("item", "sealed"), ("item", "original"), ("contact", "sealed")} <= declared


async def test_what_is_sealed_says_whose_it_is(database: Database) -> None:
    tables = [one.table for one in SEALED]

    assert await database.fetch(TENANTLESS, tables) == []
