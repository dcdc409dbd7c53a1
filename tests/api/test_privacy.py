"""An owner has somebody forgotten, or is given what is kept of them."""

from typing import Any

import pytest

from hub.access.permissions import Role
from tests.api.conftest import TENANT, Api, Hub

pytestmark = pytest.mark.servers


async def test_an_owner_asks_and_a_system_may_not(idle: Hub) -> None:
    async with idle.api() as api:
        await _asks(api)


async def _asks(api: Api) -> None:
    body: dict[str, Any] = {"by": "email", "value": "ada@example.org", "reason": "she asked us to"}
    async with api.client() as client:
        refused = await client.post("/v1/privacy/erasures", json=body)
        assert refused.status_code == 403
    api.tokens["owner"] = await api.person(TENANT, Role.OWNER)
    async with api.client("owner") as client:
        asked = await client.post("/v1/privacy/erasures", json=body)
        waiting = await client.get(asked.headers["location"])
        given = await client.post("/v1/privacy/exports", json=body)
        wrong = await client.post("/v1/privacy/exports", json={**body, "value": "ada"})

    assert (asked.status_code, waiting.status_code, given.status_code) == (202, 200, 200)
    assert waiting.json()["done_at"] is None
    assert given.json()["contacts"] == []
    assert wrong.status_code == 422
    assert "ada" not in wrong.text
    api.tokens["other_owner"] = await api.person("globex", Role.OWNER)
    assert (await api.get(asked.headers["location"], "other_owner")).status_code == 404
    sealed = await api.database.fetchval(
        "select sealed from privacy_request where kind = 'erasure'"
    )
    assert b"ada" not in sealed
