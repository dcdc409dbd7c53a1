"""A vendor whose webhooks say only which order changed: the rest is asked for at its API."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sdk import Connector, Enrich, RawRecord, refused
from hub.bootstrap.ingress import serve_on
from tests.intake.corner import CORNER, Settings, a_corner, listening, translate


@dataclass(slots=True)
class Vendor:
    """What its API does just now."""

    url: str = ""
    status: int = 200
    retry_after: str = ""
    slow: float = 0.0
    hanging: set[str] = field(default_factory=set)
    """Orders of which it says nothing for a while."""
    packed: bool = False
    padding: int = 0
    """Bytes of nothing beside each order."""
    broken: set[str] = field(default_factory=set)
    """Orders it cannot give, whatever else works."""
    prices: dict[str, int] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    async def order(self, request: Request) -> Response:
        number = request.path_params["number"]
        self.asked[number] += 1
        await asyncio.sleep(self.slow)
        for _ in range(60):
            if number in self.hanging:
                await asyncio.sleep(0.1)
        if self.packed:
            body = gzip.compress(b" " * 50_000_000)
            return Response(body, headers={"content-encoding": "gzip"})
        if self.status != 200 or number in self.broken:
            headers = {"retry-after": self.retry_after} if self.retry_after else {}
            return Response(status_code=self.status if self.status != 200 else 500, headers=headers)
        padding = " " * self.padding
        return JSONResponse({"order": number, "serials": [f"S-{number}"], "note": padding})


@asynccontextmanager
async def a_vendor() -> AsyncIterator[Vendor]:
    """Its API on loopback."""
    vendor = Vendor()
    application = Starlette(routes=[Route("/orders/{number}", vendor.order)])
    with listening() as (listener, address):
        vendor.url = f"http://{address}"
        task = asyncio.create_task(serve_on(application, listener))
        try:
            yield vendor
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def a_shy_corner(vendor: Vendor) -> Connector[Any]:
    """A connector whose records have to be completed."""

    async def fetch(client: httpx.AsyncClient, record: RawRecord, _settings: Settings) -> bytes:
        number = json.loads(record.payload)["order"]
        answer = await client.get(f"{vendor.url}/orders/{number}")
        if answer.is_error:
            raise refused(answer)
        return answer.content

    def complete(record: RawRecord, *rest: Any) -> Any:
        return translate(replace(record, payload=record.enriched), *rest)

    assert CORNER.translate is translate
    enrich = Enrich(fetch, lambda _: vendor.url.removeprefix("http://"), attempts=2)
    return a_corner(enrich=enrich, translate=complete)
