"""Posting what was sold or registered, and hearing what was decided."""

import pytest

from tests.api.bodies import a_sale
from tests.api.conftest import Api

pytestmark = pytest.mark.servers


async def test_a_sale_is_covered_and_says_where_its_warranty_is(api: Api) -> None:
    told = await api.post(a_sale("R-1", "0042-A"), key="k1")

    warranty = told.json()["warranties"][0]
    assert told.status_code == 201
    assert told.headers["location"] == f"/v1/warranties/{warranty['id']}"
    assert told.headers["idempotency-key"] == "k1"
    assert "idempotent-replayed" not in told.headers
    assert told.json()["state"] == "accepted"
    assert warranty == {
        "line": "1",
        "id": warranty["id"],
        "serial": "0042-A",
        "starts_on": "2026-01-31",
        "ends_on": "2028-01-31",
        "status": "covered",
    }
