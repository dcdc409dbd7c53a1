"""Deliveries: what was to be told to whom, and one of them with its payload and every attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hub.adapters.postgres import Queries
from hub.delivery.bodies import WARRANTY
from hub.delivery.endpoints import Endpoint, EndpointGoneError, find
from hub.delivery.reading import Delivery, read
from hub.delivery.replay import newest
from hub.web.frame import Frame, Seat
from hub.web.telling.asked import STATES, joined
from hub.web.telling.listing import list_deliveries, name_of
from hub.web.telling.words import MEANS, SAID
from hub.web.waiting.bulks import numbered
from hub.web.waiting.lines import readable

WATCHED = timedelta(minutes=1)
"""Whoever has a page open sees by himself what happens within so long."""
HEADERS = (
    ("webhook-id", "the event's id, the same at every attempt"),
    ("webhook-timestamp", "the second of the attempt: refuse what is old"),
    (
        "webhook-signature",
        "v1 (the shared secret) and v1a (ed25519), once for each secret that signs",
    ),
    ("content-type", "application/cloudevents+json; charset=utf-8"),
    ("traceparent", "where whoever caused it is traced"),
)


@dataclass(frozen=True, slots=True)
class DeliveryPages:
    """The pages of deliveries."""

    frame: Frame

    async def listed(self, request: Request, seat: Seat) -> Response:
        """Those of all endpoints, newest first."""
        asked = joined(request.query_params.multi_items())
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            told = await list_deliveries(queries, seat, asked)
        return self.frame.seated(seat, "telling/deliveries", told=told)

    async def one(self, request: Request, seat: Seat) -> Response:
        """One delivery."""
        said = SAID.get(request.query_params.get("said", ""), "")
        wanted = numbered(request, "delivery")
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await read(queries, seat.tenant, wanted)
            endpoint = await _endpoint(queries, seat, found.delivery.endpoint)
            seen = await newest(queries, seat.tenant)
        delivery = found.delivery
        return self.frame.seated(
            seat,
            "telling/delivery",
            delivery=delivery,
            means=MEANS.get(delivery.state, ""),
            endpoint=endpoint,
            label=name_of(endpoint) if endpoint else delivery.endpoint,
            attempts=found.attempts,
            payload=readable(msgspec.json.encode(found.body).decode()),
            headers=HEADERS,
            traced=_traced(delivery, found.body),
            runs=_runs(delivery, endpoint),
            is_due=delivery.due_at <= datetime.now(UTC),
            can_again=delivery.state in STATES and endpoint is not None,
            seen=seen,
            still="still" in request.query_params,
            said=said,
        )


async def _endpoint(queries: Queries, seat: Seat, name: str) -> Endpoint | None:
    """Where it goes; None where that was ended."""
    try:
        return await find(queries, seat.tenant, name)
    except EndpointGoneError:
        return None


def _runs(delivery: Delivery, endpoint: Endpoint | None) -> bool:
    """Whether something becomes of it within a moment."""
    if endpoint is None or endpoint.state != "active":
        return delivery.state == "sending"
    soon = delivery.due_at <= datetime.now(UTC) + WATCHED
    return delivery.state == "sending" or (delivery.state == "waiting" and soon)


def _traced(delivery: Delivery, body: Any) -> str:
    """Under what name the trail knows it; empty where it does not, as of a test."""
    if delivery.subject.startswith(WARRANTY):
        return delivery.subject
    return str(body.get("causationid") or "") if isinstance(body, Mapping) else ""
