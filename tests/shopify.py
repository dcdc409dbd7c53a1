"""A shop at Shopify as its Admin API answers: GraphQL by POST, a token, a budget, and its ways to fail."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.bootstrap.ingress import serve_on
from tests.intake.corner import listening

Doc = dict[str, Any]
SEARCH = re.compile(r'name:"((?:[^"\\]|\\.)*)"')


def an_order(
    name: str,
    *lines: tuple[str | None, int],
    email: str | None = "ada@example.com",
    customer: str | None = None,
    **rest: Any,
) -> Doc:
    """An order; paid, and of nothing but what is named."""
    whose = {"defaultEmailAddress": {"emailAddress": customer}} if customer else None
    return {
        "id": f"gid://shopify/Order/{abs(hash(name))}",
        "name": name,
        "email": email,
        "cancelledAt": None,
        "test": False,
        "displayFinancialStatus": "PAID",
        "customer": whose,
        "lines": [{"sku": sku, "currentQuantity": units} for sku, units in lines],
        **rest,
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    path: str
    query: str
    variables: Doc

    @property
    def searched_for(self) -> str:
        """The name in its search, as Shopify reads quoted text; nothing else may stand there."""
        quoted = SEARCH.fullmatch(self.variables["search"])
        assert quoted is not None, f"{self.variables['search']!r} is not one quoted name"
        return re.sub(r"\\(.)", r"\1", quoted[1])


@dataclass(slots=True)
class Shop:
    """What it has, and what its API does just now."""

    url: str = ""
    token: str = "shpat_0123456789abcdef"  # noqa: S105 - of a shop that only tests know
    orders: list[Doc] = field(default_factory=list)
    status: int = 200
    retry_after: str = ""
    says: Any = None
    """Whatever it is asked."""
    slow: float = 0.0
    searches_loosely: bool = False
    asked: list[Asked] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def has(self, *orders: Doc) -> None:
        """It has these orders, too; a later one of that name takes the earlier one's place."""
        names = {order["name"] for order in orders}
        self.orders = [one for one in self.orders if one["name"] not in names] + list(orders)

    async def answer(self, request: Request) -> Response:
        """Answer one request as the documents have it."""
        said = json.loads(await request.body())
        asked = Asked(request.url.path, said["query"], said.get("variables", {}))
        self.asked.append(asked)
        self.was_asked.set()
        await asyncio.sleep(self.slow)
        if self.status != 200:
            headers = {"retry-after": self.retry_after} if self.retry_after else {}
            return Response("{}", status_code=self.status, headers=headers)
        if request.headers.get("x-shopify-access-token") != self.token:
            wrong = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": wrong}, status_code=401)
        if self.says is not None:
            return JSONResponse(self.says)
        return JSONResponse({"data": self._data(asked)})

    def _data(self, asked: Asked) -> Doc:
        if "id" in asked.variables:
            order = next(one for one in self.orders if one["id"] == asked.variables["id"])
            page = _page(order["lines"], asked, int(asked.variables["after"]))
            return {"order": {"lineItems": page}}
        name = asked.searched_for
        fits = [one for one in self.orders if self._finds(one, name)]
        return {"orders": {"nodes": [_shown(one, asked) for one in fits]}}

    def _finds(self, order: Doc, name: str) -> bool:
        return self.searches_loosely or order["name"].strip("#") == name.strip("# ")


def _shown(order: Doc, asked: Asked) -> Doc:
    shown = {name: value for name, value in order.items() if name != "lines"}
    return shown | {"lineItems": _page(order["lines"], asked, 0)}


def _page(lines: list[Doc], asked: Asked, after: int) -> Doc:
    asked_for = re.search(r"lineItems\(first: (\d+)", asked.query)
    assert asked_for is not None
    end = after + int(asked_for[1])
    return {
        "nodes": lines[after:end],
        "pageInfo": {"hasNextPage": end < len(lines), "endCursor": str(end)},
    }


@asynccontextmanager
async def a_shop() -> AsyncIterator[Shop]:
    """Its Admin API on loopback."""
    shop = Shop()
    path = "/admin/api/{version}/graphql.json"
    application = Starlette(routes=[Route(path, shop.answer, methods=["POST"])])
    with listening() as (listener, address):
        shop.url = f"http://{address}"
        task = asyncio.create_task(serve_on(application, listener))
        try:
            yield shop
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
