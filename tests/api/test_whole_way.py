"""What came in through the API is found again, by whatever name somebody knows it."""

import httpx
import pytest

from tests.api.bodies import a_sale
from tests.api.conftest import TENANT, eventually
from tests.api.installed import Installed
from tests.api.test_openapi import fits

pytestmark = pytest.mark.servers


async def test_a_posted_sale_is_traced_and_audited(installed: Installed) -> None:
    token = await installed.run("key", "create", TENANT)
    admin = await installed.run("key", "create", TENANT, "admin", "--role", "system_admin")
    asking = {"Authorization": f"Bearer {admin}"}
    for kind in ("process", "project", "serve"):
        installed.start(kind)
    await installed.answers()
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=installed.url, headers=headers, timeout=30) as client:
        told = await client.post("/v1/activations", json=a_sale("Y-1", "Y-1"))
        await client.post("/v1/activations", json={"sale": "secret"})
        request, location = told.json()["id"], told.headers["location"]
        event = (await client.get(location)).json()["history"][0]["trace"]

        async def is_complete() -> bool:
            trace = await client.get(f"/v1/trace/{request}")
            audit = (await client.get("/v1/audit", headers=asking)).json()["entries"]
            kinds = [one["kind"] for one in trace.json().get("stages", ())]
            return "published" in kinds and "refused" in [one["stage"] for one in audit]

        await eventually(is_complete, 60)
        paths = [f"/v1/trace/{name}" for name in (request, "Y-1", "till/Y-1")] + [event]
        traces = [(await client.get(path)).json() for path in paths]
        audit = (await client.get("/v1/audit", headers=asking)).json()

    for trace in traces:
        fits("Trace", trace)
        assert trace["correlation"] == request
        assert [one["id"] for one in trace["requests"]] == [request]
    fits("Page", audit)
    # What the sale has done to its serial is the hub's, and follows a moment later; acts name who did them.
    logged = [one for one in audit["entries"] if one["stage"] != "act"]
    said = [one for one in logged if one["actor"]["name"] != "hub"]
    assert {one["actor"]["name"] for one in said} == {"api"}
    assert {one["stage"] for one in said} == {"decided", "refused"}
    assert "secret" not in str(audit)
