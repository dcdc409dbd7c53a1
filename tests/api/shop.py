"""A system that speaks the published API of invoices."""

from typing import Any

import httpx

from hub.access.basic import issue
from hub.audit.entries import NOBODY
from tests.api.conftest import TENANT, Api

ROOT = "/individual-customers/warranty/invoice"
LIST = "individualCustomerProductResponseList"


class Shop:
    """It has a user name of its own."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Know the way in."""
        # A connection that the server is just about to close is not used again.
        limits = httpx.Limits(max_connections=100, keepalive_expiry=1)
        self.client = httpx.AsyncClient(
            base_url=url, auth=(user, password), timeout=60, limits=limits
        )

    @classmethod
    async def of(cls, api: Api, user: str = "demo") -> "Shop":
        """A shop whose user is given a password now."""
        return cls(api.url, user, await issue(api.database, TENANT, user, NOBODY))

    async def post(self, invoice: object, merchant: str = TENANT) -> httpx.Response:
        """Send an invoice."""
        path = f"{ROOT}/with-product-code"
        return await self.client.post(path, params={"merchantCode": merchant}, json=invoice)

    async def post_many(self, invoices: object, merchant: str = TENANT) -> httpx.Response:
        """Send a bulk."""
        path = f"{ROOT}/with-product-code/bulk"
        return await self.client.post(path, params={"merchantCode": merchant}, json=invoices)

    async def became(self, bulk: str) -> httpx.Response:
        """Ask what became of it."""
        path = f"{ROOT}/with-product-code/bulk/{bulk}"
        return await self.client.get(path, params={"merchantCode": TENANT})

    async def delete(self, order: str) -> httpx.Response:
        """Delete an order."""
        asked: dict[str, Any] = {"merchantCode": TENANT, "sellerCode": "S-1"}
        return await self.client.delete(f"{ROOT}/{order}", params=asked)
