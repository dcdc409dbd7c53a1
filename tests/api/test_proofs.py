"""A customer without an account shows a receipt, and staff say whether it shows the purchase."""

from typing import Any

import httpx
import pytest

from hub.access.permissions import Role
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api
from tests.api.test_openapi import fits
from tests.media.files import a_paper, a_photo

pytestmark = pytest.mark.servers

JPEG = {"Content-Type": "image/jpeg"}


async def sold(api: Api, order: str, tenant: str = TENANT, **rest: Any) -> str:
    told = await api.post(a_sale(order, order, **rest), key=order, tenant=tenant)
    return str(told.json()["warranties"][0]["id"])


async def token_for(api: Api, warranty: str) -> httpx.Auth:
    async with api.client() as client:
        given = await client.post(f"/v1/warranties/{warranty}/upload-token")
    fits("UploadToken", given.json())
    assert (given.status_code, given.headers["cache-control"]) == (201, "no-store")
    return Shown(given.json()["token"])


class Shown(httpx.Auth):
    """Whoever shows this token."""

    def __init__(self, token: str) -> None:
        self.token = token

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


def customer(api: Api, auth: httpx.Auth) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=api.url, auth=auth, timeout=30)


async def test_a_customer_s_receipt_is_offered_looked_at_and_accepted(api: Api) -> None:
    warranty = await sold(api, "PR-1")
    here = f"/v1/warranties/{warranty}"
    async with customer(api, await token_for(api, warranty)) as client:
        photo = a_photo()
        sent, again = [
            await client.post(f"{here}/media", content=photo, headers=JPEG) for _ in range(2)
        ]
        assert sent.status_code == 201, sent.text
        offered = await client.post(f"{here}/proofs", json={"media": sent.json()["id"]})
    fits("SentMedia", sent.json())
    async with api.client(Role.WARRANTY_MANAGER) as manager:
        waiting = (await manager.get(f"{here}/proofs")).json()
        seen = await manager.get(sent.headers["location"])
        proof = waiting["proofs"][0]["id"]
        accepted = await manager.post(f"/v1/proofs/{proof}/accept", json={"why": "it is legible"})
        whole = (await manager.get(here)).json()

    assert sent.json() == again.json()
    assert offered.headers["location"] == f"{here}/proofs"
    fits("Proofs", waiting)
    assert waiting["state"] == "offered"
    assert seen.headers["content-disposition"].startswith("attachment")
    assert (seen.headers["x-content-type-options"], seen.content[:2]) == ("nosniff", b"\xff\xd8")
    assert b"kitchen" not in seen.content
    assert accepted.json()["proof"]["state"] == whole["proof"] == "accepted"


async def test_an_invoice_of_the_sale_needs_nobody_and_another_does(api: Api) -> None:
    warranty = await sold(api, "PR-2")
    async with api.client() as client:
        here = f"/v1/warranties/{warranty}/proofs"
        none = (await client.get(here)).json()["state"]
        other = await client.post(here, json={"invoice": "R-77", "note": "from my mail"})
        mine = await client.post(here, json={"invoice": "pr-2"})
        state = (await client.get(here)).json()["state"]

    assert (none, state) == ("missing", "accepted")
    assert other.json()["proof"]["state"] == "offered"
    assert mine.json()["proof"]["state"] == "accepted"


async def test_a_token_is_good_for_its_own_warranty_and_for_nothing_else(api: Api) -> None:
    warranty, other = await sold(api, "PR-3"), await sold(api, "PR-4")
    foreign = await sold(api, "PR-5", OTHER)
    async with customer(api, await token_for(api, warranty)) as client:
        elsewhere = [
            await client.post(f"/v1/warranties/{one}/media", content=a_photo(64, 64), headers=JPEG)
            for one in (other, foreign)
        ]
        read = [await client.get(f"/v1/warranties/{warranty}{more}") for more in ("", "/proofs")]
        further = await client.post(f"/v1/warranties/{warranty}/upload-token")
        told = await client.post("/v1/activations", json=a_sale("PR-6", "PR-6"))

    answers = [*elsewhere, *read, further, told]
    assert [one.status_code for one in answers] == [401] * len(answers)


async def test_an_access_token_is_no_upload_token_nor_the_other_way_round(api: Api) -> None:
    warranty = await sold(api, "PR-7")
    async with api.client(Role.FINANCE_USER) as client:
        answer = await client.post(
            f"/v1/warranties/{warranty}/media", content=a_photo(64, 64), headers=JPEG
        )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"<svg onload='alert(1)'/>", "image/svg+xml", 415),
        (b"<svg onload='alert(1)'/>", "image/png", 415),
        (a_photo()[:3_000], "image/jpeg", 422),
        (a_paper(21), "application/pdf", 422),
        (b"\xff\xd8\xff" + b"x" * 10 * 1024 * 1024, "image/jpeg", 413),
        (b"", "image/jpeg", 422),
    ],
)
async def test_what_is_no_photo_or_paper_is_refused_and_nothing_is_kept(
    api: Api, body: bytes, kind: str, status: int
) -> None:
    warranty = await sold(api, f"PR-{status}-{len(body)}-{kind[-3:]}")
    async with api.client() as client:
        answer = await client.post(
            f"/v1/warranties/{warranty}/media", content=body, headers={"Content-Type": kind}
        )
        state = (await client.get(f"/v1/warranties/{warranty}/proofs")).json()["state"]

    assert answer.status_code == status
    fits("Problem", answer.json())
    count = "select count(*) from media where warranty = $1"
    assert await api.database.fetchval(count, warranty) == 0
    assert state == "missing"


async def test_a_file_of_another_warranty_proves_nothing_here(api: Api) -> None:
    one, other = await sold(api, "PR-8"), await sold(api, "PR-9")
    async with api.client() as client:
        sent = await client.post(f"/v1/warranties/{one}/media", content=a_paper(), headers=PDF)
        offered = await client.post(
            f"/v1/warranties/{other}/proofs", json={"media": sent.json()["id"]}
        )

    assert (sent.json()["pages"], offered.status_code) == (1, 404)


PDF = {"Content-Type": "application/pdf"}
