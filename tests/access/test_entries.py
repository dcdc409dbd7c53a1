"""The audit log takes what was done, and nobody takes it back."""

import pytest

from hub.access.permissions import Role
from hub.access.principals import Principal
from hub.access.tenants import put
from hub.adapters.postgres import Database, connect_for_tenants
from hub.audit.entries import Entry, record
from hub.sdk.failures import StoreUnavailableError

pytestmark = pytest.mark.servers
SHOP = Principal("acme", "shop", "k1", Role.INTEGRATION)


async def test_an_entry_says_who_did_what_and_why(database: Database) -> None:
    await record(
        database,
        Entry(tenant="acme", action="key:issued", subject="k2", by=SHOP.by, why="a new till"),
    )

    (row,) = await database.fetch("select * from audit_entry")

    assert (row["tenant"], row["action"], row["subject"]) == ("acme", "key:issued", "k2")
    assert (row["by_kind"], row["by_id"], row["by_role"]) == ("key", "k1", "integration")
    assert (row["why"], row["seq"]) == ("a new till", None)


async def test_the_role_of_the_api_adds_for_its_own_tenant_and_changes_nothing(
    database: Database, dsn: str
) -> None:
    await put(database, "acme", 24, 14)
    api = await connect_for_tenants(dsn, size=1)
    try:
        async with api.speaking_for("acme") as queries:
            await record(queries, Entry(tenant="acme", action="a:b", subject="x", by=SHOP.by))
        with pytest.raises(StoreUnavailableError, match="row-level security"):
            async with api.speaking_for("acme") as queries:
                await record(queries, Entry(tenant="other", action="a:b", subject="x", by=SHOP.by))
        for act in ("update audit_entry set why = 'else'", "delete from audit_entry"):
            with pytest.raises(StoreUnavailableError, match="permission denied"):
                async with api.speaking_for("acme") as queries:
                    await queries.execute(act)
    finally:
        await api.close()

    assert [row["why"] for row in await database.fetch("select why from audit_entry")] == [""]
