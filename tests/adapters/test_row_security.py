"""Every table that has a tenant is kept apart by Postgres itself; the tables are found, never listed.

The owner of the tables is who migrates, and is meant to see all: policies are not forced on it. What serves
a tenant connects as `hub_api`, which owns nothing.
"""

from collections.abc import AsyncIterator

import pytest

from hub.adapters.postgres import Database, TenantDatabase, connect_for_tenants

pytestmark = pytest.mark.servers

WITH_TENANT = """
select c.relname as name, c.relrowsecurity as is_on, o.rolname as owner,
       coalesce((select bool_and(coalesce(p.qual, '') like '%hub.tenant%'
                                 and (p.with_check is null or p.with_check like '%hub.tenant%'))
                   from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname
                    and 'hub_api' = any(p.roles)), false) as is_for_api
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles o on o.oid = c.relowner
 where n.nspname = 'public' and c.relkind in ('r', 'p')
   and (c.relname = 'tenant' or exists (select 1 from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname in ('tenant', 'tenant_id')))
 order by c.relname
"""
REACHED = """
select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public' and c.relkind in ('r', 'p')
   and has_any_column_privilege('hub_api', c.oid, 'select, insert, update')
"""
ROLES = """
select r.rolname, r.rolsuper, r.rolbypassrls, exists (select 1 from pg_class c where c.relowner = r.oid) as owns
  from pg_roles r where r.rolname in ('hub_api', 'hub_engine')
"""
MAY_COUNT = "select has_any_column_privilege('hub_api', $1::text, 'select')"
OF_THE_ENGINE_ALONE = {"raw_replay"}
"""Whoever runs the hub has ranges translated again, of one tenant or of all; no door reads or writes it."""


@pytest.fixture
async def api(dsn: str) -> AsyncIterator[TenantDatabase]:
    pool = await connect_for_tenants(dsn, size=2)
    yield pool
    await pool.close()


async def test_every_table_with_a_tenant_has_a_policy_for_the_role_of_the_doors(
    database: Database,
) -> None:
    tables = await database.fetch(WITH_TENANT)
    reached = {row["name"] for row in await database.fetch(REACHED)}

    bare = {row["name"] for row in tables if not (row["is_on"] and row["is_for_api"])}

    assert len(tables) > 25
    assert bare == OF_THE_ENGINE_ALONE
    assert not bare & reached


async def test_a_new_table_without_a_policy_would_be_noticed(database: Database) -> None:
    await database.execute("create table forgotten (tenant text)")
    await database.execute("grant select on forgotten to hub_api")

    found = {row["name"]: row for row in await database.fetch(WITH_TENANT)}

    assert not found["forgotten"]["is_on"]
    assert not found["forgotten"]["is_for_api"]


async def test_the_role_of_the_doors_goes_past_no_policy(database: Database) -> None:
    roles = {row["rolname"]: row for row in await database.fetch(ROLES)}

    assert not roles["hub_api"]["rolsuper"]
    assert not roles["hub_api"]["rolbypassrls"]
    assert not roles["hub_api"]["owns"]


async def test_who_speaks_for_nobody_sees_no_row_of_anybody(
    database: Database, api: TenantDatabase
) -> None:
    tables = [row["name"] for row in await database.fetch(WITH_TENANT)]
    await _fill(database)
    counted = [name for name in tables if await database.fetchval(MAY_COUNT, name)]
    for name in counted:
        sql = f"select count(*) from {name}"  # noqa: S608 - a name out of the catalogue
        (unset,) = await api.fetch(sql)
        async with api.speaking_for("") as queries:
            (empty,) = await queries.fetch(sql)
        async with api.speaking_for("globex") as queries:
            (other,) = await queries.fetch(sql)
        assert (unset[0], empty[0], other[0]) == (0, 0, 0), name

    assert len(counted) > 15


async def _fill(database: Database) -> None:
    """A row of one merchant in some tables of each release."""
    for sql in (
        "insert into tenant values ('acme', 24, 14)",
        "insert into api_key (id, tenant, principal, hash) values ('k', 'acme', 'shop', '')",
        "insert into person (id, tenant, role, email_hash, email) values ('u', 'acme', 'owner', 'h', '')",
        "insert into person_session (id, tenant, person, expires_at) values ('s', 'acme', 'u', now())",
        "insert into refresh_token (hash, tenant, session) values ('r', 'acme', 's')",
        "insert into single_use values ('t', 'acme', 'u', 'reset', now())",
        "insert into tenant_limit values ('acme', 'read', 1)",
        "insert into basic_credential (tenant, name, hash) values ('acme', 'x', 'y')",
        "insert into audit_entry (tenant, action, subject, by_kind, by_id) values ('acme', 'a:b', 's', 'key', 'k')",
        "insert into staff_action (tenant, by, verb) values ('acme', 'x', 'note')",
    ):
        await database.execute(sql)
