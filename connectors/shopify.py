"""Shopify: an order is looked up by its name through the GraphQL Admin API.

The token is one of an app of the merchant's with the scopes `read_orders`, `read_customers` and
`read_all_orders`; without the last one Shopify shows orders of the last 60 days and no others.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.sdk import (
    Connector,
    Payment,
    ShopLine,
    ShopOrder,
    SourceRefusesError,
    SourceUnavailableError,
    Verify,
    refused,
)
from connectors.sdk.settings import configured

M = TypeVar("M", bound=BaseModel)

SAME_NAME = 5
"""Orders of one name are rare: a shop has changed how it counts."""
LINES, MORE_LINES = 100, 250
PAGE = "nodes { sku currentQuantity } pageInfo { hasNextPage endCursor }"
FIND = f"""query Verify($search: String!) {{
  orders(first: {SAME_NAME}, query: $search) {{ nodes {{
    id name email cancelledAt test displayFinancialStatus
    customer {{ defaultEmailAddress {{ emailAddress }} }}
    lineItems(first: {LINES}) {{ {PAGE} }} }} }} }}"""
MORE = f"""query Lines($id: ID!, $after: String!) {{
  order(id: $id) {{ lineItems(first: {MORE_LINES}, after: $after) {{ {PAGE} }} }} }}"""
MOST_PAGES = 20

PAID: Mapping[str, Payment] = {
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "partially_refunded",
    "REFUNDED": "refunded",
}
"""Of `displayFinancialStatus`. Whatever else there is (AUTHORIZED, EXPIRED, PARTIALLY_PAID, PENDING, VOIDED)
is not paid in full."""
WAITS = {"THROTTLED"}
TOKEN = "give it a token that may read orders with `hub source token`"  # noqa: S105 - what to do
REFUSALS = {
    401: f"the shop does not know the token (401); {TOKEN}",
    402: "the shop is frozen until its bill is paid (402)",
    403: f"the token may not ask (403); {TOKEN}",
    404: "there is no such shop or API version (404); correct the settings with `hub source set`",
}
MAX_PAUSE = 300.0


class Settings(BaseModel):
    """Which shop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shop: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com$")]
    """Its domain at Shopify, such as `acme.myshopify.com`."""
    api_version: Annotated[str, StringConstraints(pattern=r"^20\d\d-(01|04|07|10)$")] = "2026-07"
    gateway: Annotated[
        str | None, StringConstraints(pattern=r"^https?://[^/?#\s]+$", max_length=300)
    ] = None
    """Through which the shop is reached, where requests must not go there directly."""

    @property
    def url(self) -> str:
        """Of the Admin API."""
        return f"{self.gateway or f'https://{self.shop}'}/admin/api/{self.api_version}/graphql.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Line(_Part):
    sku: str | None = None
    units: int = Field(alias="currentQuantity")


class _PageInfo(_Part):
    more: bool = Field(alias="hasNextPage")
    end: str | None = Field(None, alias="endCursor")


class _Lines(_Part):
    nodes: tuple[_Line, ...]
    page: _PageInfo = Field(alias="pageInfo")


class _Email(_Part):
    address: str | None = Field(None, alias="emailAddress")


class _Customer(_Part):
    email: _Email | None = Field(None, alias="defaultEmailAddress")


class _Order(_Part):
    id: str
    name: str
    email: str | None = None
    cancelled_at: str | None = Field(None, alias="cancelledAt")
    test: bool
    status: str | None = Field(None, alias="displayFinancialStatus")
    customer: _Customer | None = None
    lines: _Lines = Field(alias="lineItems")

    def read(self, lines: Sequence[_Line]) -> ShopOrder:
        """As it is compared."""
        of_customer = self.customer.email.address if self.customer and self.customer.email else None
        return ShopOrder(
            emails=tuple(one for one in (self.email, of_customer) if one),
            cancelled=self.cancelled_at is not None,
            test=self.test,
            payment=PAID.get(self.status or "", "unpaid"),
            lines=tuple(ShopLine(line.sku or "", line.units) for line in lines),
        )


class _Orders(_Part):
    nodes: tuple[_Order, ...]


class _Found(_Part):
    orders: _Orders


class _Rest(_Part):
    lines: _Lines = Field(alias="lineItems")


class _More(_Part):
    order: _Rest


class _Answer(_Part):
    """The envelope of GraphQL; `errors` is a text where Shopify refuses before it reads the query."""

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] | str | dict[str, Any] | None = None
    extensions: dict[str, Any] = Field(default_factory=dict)

    def check(self) -> Self:
        """Raise what an error means: a part of an answer is none."""
        if not self.errors:
            return self
        errors = self.errors if isinstance(self.errors, list) else [{"message": str(self.errors)}]
        codes = {str(_dict(one.get("extensions")).get("code", "")) for one in errors}
        said = "; ".join(str(one.get("message", "")) for one in errors)[:300]
        if codes & WAITS or said == "Throttled":
            raise SourceUnavailableError("the shop throttles us", _until_restored(self.extensions))
        if "ACCESS_DENIED" in codes:
            raise SourceRefusesError(f"the token lacks a scope: {said}; {TOKEN}")
        raise SourceUnavailableError(f"the shop answers with an error: {said}")


def search(name: str) -> str:
    """The search for an order's name, whatever somebody writes for one."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'name:"{escaped}"'


def bare(name: str) -> str:
    """An order's name as it is compared: people leave the sign before its number out."""
    return re.sub(r"\s", "", name).removeprefix("#").casefold()


async def find(
    http: httpx.AsyncClient, settings: Settings, token: str, name: str
) -> Sequence[ShopOrder]:
    """Every order of exactly that name: a search finds more than was looked for."""
    data = await _ask(http, settings, token, FIND, {"search": search(name)})
    orders = _read(_Found, data).orders.nodes
    return [
        order.read([*order.lines.nodes, *await _further(http, settings, token, order)])
        for order in orders
        if bare(order.name) == bare(name)
    ]


async def _further(
    http: httpx.AsyncClient, settings: Settings, token: str, order: _Order
) -> list[_Line]:
    """The lines that the first page of them has no room for."""
    found: list[_Line] = []
    page = order.lines.page
    for _ in range(MOST_PAGES):
        if not page.more:
            return found
        variables = {"id": order.id, "after": page.end}
        lines = _read(_More, await _ask(http, settings, token, MORE, variables)).order.lines
        found += lines.nodes
        page = lines.page
    raise SourceUnavailableError("the shop shows ever more lines of one order")


async def _ask(
    http: httpx.AsyncClient, settings: Settings, token: str, query: str, variables: Any
) -> dict[str, Any]:
    reply = await http.post(
        settings.url,
        json={"query": query, "variables": variables},
        headers={"X-Shopify-Access-Token": token},
    )
    if reply.status_code in REFUSALS:
        raise SourceRefusesError(REFUSALS[reply.status_code])
    if not reply.is_success:
        wrong = refused(reply)
        if isinstance(wrong, SourceUnavailableError):
            raise wrong
        raise SourceUnavailableError(f"the shop answers {reply.status_code}")
    data = _read(_Answer, reply.content).check().data
    if data is None:
        raise SourceUnavailableError("the shop answers with neither data nor errors")
    return data


def _read(model: type[M], said: bytes | dict[str, Any]) -> M:
    try:
        if isinstance(said, bytes):
            return model.model_validate_json(said)
        return model.model_validate(said)
    except ValidationError as error:
        # Where it is wrong, never with what: somebody's address may stand there.
        where = ", ".join(".".join(map(str, one["loc"])) for one in error.errors()[:3])
        message = f"what the shop answers is not of its documented shape, at {where or 'the top'}"
        raise SourceUnavailableError(message) from None


def _until_restored(extensions: Mapping[str, Any]) -> float | None:
    """Seconds until a query of that cost is affordable again, where the shop tells its budget."""
    cost = _dict(extensions.get("cost"))
    status = _dict(cost.get("throttleStatus"))
    try:
        short = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return min(MAX_PAUSE, max(0.0, short / float(status["restoreRate"])))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _dict(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


CONNECTOR: Connector[Settings] = Connector(
    name="shopify",
    revision=1,
    configure=lambda document: configured(Settings, document),
    verify=Verify(find, lambda settings: settings.url),
)
