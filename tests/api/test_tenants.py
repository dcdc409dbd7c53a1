"""A tenant sees what is its own: in every route, whatever ids it knows, and in the tables themselves."""

import httpx
import pytest

from hub.sdk.failures import StoreUnavailableError
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
async def theirs(api: Api) -> httpx.Response:
    """A sale of one tenant, of which another knows every id."""
    return await api.post(a_sale("T-1", "T-1", branch="Theirs"), key="t1")


async def test_another_tenants_ids_lead_nowhere(api: Api, theirs: httpx.Response) -> None:
    warranty = theirs.json()["warranties"][0]["id"]
    whole = (await api.get(f"/v1/warranties/{warranty}")).json()
    known = [theirs.json()["id"], warranty, "T-1", "till/T-1", whole["history"][0]["event"]]
    paths = [
        f"/v1/warranties/{warranty}",
        f"/v1/requests/{theirs.json()['id']}",
        *(f"/v1/trace/{name}" for name in known),
    ]

    assert {(await api.get(path, OTHER)).status_code for path in paths} == {404}


@pytest.mark.parametrize(
    "query", ["", "serial=T-1", "order=T-1", "order=T-1&namespace=till", "branch=Theirs"]
)
async def test_another_tenants_rows_are_in_no_list(
    api: Api, theirs: httpx.Response, query: str
) -> None:
    ours = await api.get(f"/v1/warranties?{query}&limit=200")
    strangers = await api.get(f"/v1/warranties?{query}&limit=200", OTHER)
    operators = await api.get(f"/v1/warranties?{query}", "hub")

    identifier = theirs.json()["warranties"][0]["id"]
    assert identifier in ours.text
    assert identifier not in strangers.text
    assert operators.status_code == 403


async def test_another_tenants_audit_is_not_shown(api: Api, theirs: httpx.Response) -> None:
    for tenant in (f"{OTHER}/admin", "hub"):
        answer = await api.get("/v1/audit", tenant)
        assert answer.status_code == 200
        assert theirs.json()["id"] not in answer.text


async def test_a_cursor_of_another_tenant_shows_nothing_of_it(
    api: Api, theirs: httpx.Response
) -> None:
    await api.post(a_sale("T-2", "T-2"))
    page = (await api.get("/v1/warranties?limit=1")).json()
    assert page["cursor"]

    answer = await api.get(f"/v1/warranties?limit=200&cursor={page['cursor']}", OTHER)

    assert theirs.json()["warranties"][0]["id"] not in answer.text


@pytest.mark.parametrize("table", ["ledger", "letter", "mail", "limit_rate", "landing"])
async def test_the_apis_role_cannot_read_what_it_has_no_business_with(api: Api, table: str) -> None:
    with pytest.raises(StoreUnavailableError, match=f"permission denied for table {table}"):
        async with api.parts.database.speaking_for(TENANT) as queries:
            await queries.fetch(f"select 1 from {table} limit 1")  # noqa: S608 - a name of ours


async def test_the_apis_role_lists_keys_and_never_reads_what_they_are_known_by(api: Api) -> None:
    async with api.parts.database.speaking_for(TENANT) as queries:
        assert await queries.fetch("select id from api_key")
    with pytest.raises(StoreUnavailableError, match="permission denied for table api_key"):
        async with api.parts.database.speaking_for(TENANT) as queries:
            await queries.fetch("select hash from api_key")


@pytest.mark.parametrize(
    "table", ["tenant", "request", "purchase", "unit", "name", "trail", "item", "staff_action"]
)
async def test_rows_are_seen_by_whoever_speaks_for_their_tenant_alone(
    api: Api, theirs: httpx.Response, table: str
) -> None:
    column = "id" if table == "tenant" else "tenant"
    sql = f"select distinct {column} from {table}"  # noqa: S608 - names of ours
    async with api.parts.database.speaking_for(OTHER) as queries:
        seen = {row[0] for row in await queries.fetch(sql)}
    nobodys = await api.parts.database.fetch(sql)

    assert seen <= {OTHER}
    assert nobodys == []
