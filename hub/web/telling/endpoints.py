"""Endpoints: which of them is in trouble, and one of them with what signs for it and what it was told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.delivery.endpoint_secrets import live_secrets
from hub.delivery.endpoints import MAX_LIMIT, find, listed
from hub.delivery.kinds import kind_of
from hub.delivery.overview import Overview, overviews
from hub.web.frame import Frame, Seat
from hub.web.telling.asked import joined, query
from hub.web.telling.listing import list_deliveries, name_of
from hub.web.telling.words import SAID, standing
from hub.web.waiting.asked import word

WORST_FIRST = ("act", "look", "fine")
GRACES = (
    *((86_400, "24 hours"), (3_600, "an hour"), (3 * 86_400, "3 days")),
    *((7 * 86_400, "a week"), (30 * 86_400, "30 days"), (0, "not at all: at once")),
)
"""How long the secret before may sign beside a new one, the usual time first."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The pages of endpoints."""

    frame: Frame

    async def listed(self, request: Request, seat: Seat) -> Response:
        """How each stands, the worst first."""
        after = word(request.query_params, "after")
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await listed(queries, seat.tenant, after, MAX_LIMIT + 1)
            shown = found[:MAX_LIMIT]
            seen = await overviews(queries, seat.tenant, [one.id for one in shown])
        now = datetime.now(UTC)
        rows = [
            (one, name_of(one), seen[one.id], standing(one, seen[one.id], now)) for one in shown
        ]
        rows.sort(key=lambda row: WORST_FIRST.index(row[3].level))
        more = {"after": shown[-1].id} if len(found) > MAX_LIMIT else {}
        return self.frame.seated(
            seat,
            "telling/endpoints",
            rows=rows,
            troubled=sum(row[3].level != "fine" for row in rows),
            onwards=query(more, seat.query) if more else "",
        )

    async def one(self, request: Request, seat: Seat) -> Response:
        """One endpoint."""
        said = SAID.get(request.query_params.get("said", ""), "")
        return await self.show(request, seat, said=said)

    async def show(self, request: Request, seat: Seat, status: int = 200, **said: Any) -> Response:
        """The page of an endpoint, with what was just done or went wrong."""
        name, asked = request.path_params["endpoint"], joined(request.query_params.multi_items())
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            endpoint = await find(queries, seat.tenant, name)
            secrets = await live_secrets(queries, name)
            seen = (await overviews(queries, seat.tenant, [name])).get(name, Overview())
            told = None
            if seat.viewer.may(Permission.READ_DELIVERY):
                told = await list_deliveries(queries, seat, asked, endpoint)
        return self.frame.seated(
            seat,
            "telling/endpoint",
            status,
            endpoint=endpoint,
            label=name_of(endpoint),
            signs=kind_of(endpoint.kind).signs,
            secrets=secrets,
            seen=seen,
            stands=standing(endpoint, seen, datetime.now(UTC)),
            told=told,
            graces=GRACES,
            **{"said": "", "wrong": {}, "secret": None, **said},
        )
