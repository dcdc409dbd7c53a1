"""The push door: a signed delivery is verified, split, landed with every copy, and only then answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import structlog
from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sdk import (
    Delivery,
    Fault,
    RawRecord,
    SignatureError,
    UnreadableError,
    unquoted,
)
from hub.access.keyring import SealError
from hub.access.sources import ErasedSourceError, Source, Sources, UnusableError
from hub.access.tenants import NAME
from hub.audit.refusals import Refusals, refused
from hub.intake import answers
from hub.intake.answers import DELIVERY_ID, Turned
from hub.intake.bodies import Bodies, Body, LeftError, Receive
from hub.intake.landing import Arrival, Lander, UnnamedError, check_ref
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError, StoreUnavailableError
from hub.telemetry.metrics import Metrics
from schemas.refs import derived_id

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DOOR = "push"
ACCEPTED = 202
LAND_SECONDS = 10.0
JSON = (b"content-type", b"application/json")
OURS = (405, 503)
"""Answers that refuse nothing a payload said: counted, and no matter of an audit."""

log = structlog.get_logger()


@dataclass(slots=True)
class Push:
    """One delivery on its way through the door."""

    scope: Scope
    headers: Mapping[str, str]
    body: Body = field(default_factory=Body)
    source: Source | None = None
    """Set once a signature has proved it."""


@dataclass(slots=True)
class PushDoor:
    """Answers `POST /sources/{source}/{tenant}`; an ASGI application under that route."""

    sources: Sources
    lander: Lander
    refusals: Refusals
    metrics: Metrics
    public_url: str = ""
    """How sources reach it; some sign their address."""
    land_seconds: float = LAND_SECONDS
    bodies: Bodies = field(default_factory=Bodies)
    _taken: Counter = field(init=False)

    def __post_init__(self) -> None:
        """Find the counter of the usual answer once."""
        self._taken = self.metrics.door_requests.labels(DOOR, str(ACCEPTED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one delivery."""
        push = Push(scope, _headers(scope))
        try:
            answer = await self._take(push, receive)
            status, headers = ACCEPTED, [JSON]
            self._taken.inc()
        except Turned as turned:
            answer, status, headers = orjson.dumps(turned.document), turned.status, turned.headers
            self._note(push, turned)
        except LeftError:
            return
        finally:
            self.bodies.give_back(push.body)
        length = (b"content-length", b"%d" % len(answer))
        await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": answer})

    async def _take(self, push: Push, receive: Receive) -> bytes:
        if push.scope["method"] != "POST":
            raise answers.wrong_method()
        await self.bodies.read(push.body, push.headers, receive)
        received_at = datetime.now(UTC)
        body = push.body.bytes
        delivery = Delivery(push.headers, body, self._url(push), received_at)
        source = push.source = await self._verified(push.scope["path_params"], delivery)
        items = _split(source, delivery)
        records = [item for item in items if isinstance(item, RawRecord)]
        name = push.headers.get(DELIVERY_ID) or derived_id("dlv", sha256(body).hexdigest())
        if not records:
            raise answers.nothing_landed(name, items)
        ids = await self._land(source, records, _arrival(push.headers, received_at))
        return orjson.dumps({"delivery": name, "tickets": answers.told(name, items, ids)})

    async def _verified(self, path: Mapping[str, str], delivery: Delivery) -> Source:
        """The source that signed it."""
        tenant, name = path["tenant"], path["source"]
        source = None
        if NAME.match(tenant) and NAME.match(name):
            try:
                source = await self.sources.usable(tenant, name)
            except StoreUnavailableError as error:
                raise answers.store_away() from error
            except ErasedSourceError as error:
                raise answers.erased() from error
            except UnusableError as error:
                raise answers.unusable() from error
        if source is None or source.connector.push is None:
            raise answers.unsigned("no such source, or its connector takes nothing that is pushed")
        try:
            source.connector.push.verify(delivery, source.secrets)
        except SignatureError as error:
            raise answers.unsigned(str(error)) from error
        except SealError as error:
            log.warning("source.unusable", tenant=tenant, source=name, reason=str(error))
            raise answers.unusable() from error
        return source

    async def _land(
        self, source: Source, records: Sequence[RawRecord], arrival: Arrival
    ) -> list[str]:
        try:
            async with asyncio.timeout(self.land_seconds):
                return await self.lander.land(source, records, arrival)
        except BrokerAwayError as error:
            raise answers.broker_away() from error
        except (BrokerUnavailableError, TimeoutError) as error:
            raise answers.outcome_unknown() from error

    def _url(self, push: Push) -> str:
        """The address as the source knows it."""
        scope = push.scope
        base = self.public_url.rstrip("/") or f"{scope['scheme']}://{push.headers.get('host', '')}"
        path: bytes = scope["raw_path"]
        if scope["query_string"]:
            path += b"?" + scope["query_string"]
        return base + path.decode("latin-1")

    def _note(self, push: Push, turned: Turned) -> None:
        if turned.status in OURS:
            self.metrics.door_requests.labels(DOOR, str(turned.status)).inc()
            return
        source, scope = push.source, push.scope
        refusal = refused(
            DOOR,
            scope["path"],
            turned.status,
            turned.reason,
            push.body.bytes,
            size=push.body.size,
            tenant=source.tenant if source else None,
            principal=source.name if source else None,
        )
        self.refusals.note(refusal, peer=(scope.get("client") or ("",))[0])


def application(door: PushDoor) -> Starlette:
    """The door under its route; whatever else is asked for hears where to go."""

    async def elsewhere(_request: Request, _error: Exception) -> Response:
        door.metrics.door_requests.labels(DOOR, "404").inc()
        return _response(answers.unknown_path())

    async def broken(_request: Request, _error: Exception) -> Response:
        door.metrics.door_requests.labels(DOOR, "500").inc()
        return _response(answers.internal())

    app = Starlette(
        routes=[Route("/sources/{source}/{tenant}", door)],
        exception_handlers={404: elsewhere, 500: broken},
    )
    app.router.redirect_slashes = False
    return app


def _response(turned: Turned) -> Response:
    headers = {name.decode(): value.decode() for name, value in turned.headers}
    return Response(orjson.dumps(turned.document), turned.status, headers)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _arrival(headers: Mapping[str, str], received_at: datetime) -> Arrival:
    content_type = headers.get("content-type", "").encode()
    trace = headers.get("traceparent")
    return Arrival(received_at, content_type, trace.encode() if trace else None)


def _split(source: Source, delivery: Delivery) -> Sequence[RawRecord | Fault]:
    push = source.connector.push
    assert push is not None  # noqa: S101 - a source without it is never verified
    try:
        return [_named(item) for item in push.split(delivery, source.settings)]
    except UnreadableError as error:
        raise answers.unreadable(_silent(error.fault)) from error


def _named(item: RawRecord | Fault) -> RawRecord | Fault:
    if isinstance(item, RawRecord):
        try:
            check_ref(item.ref)
        except UnnamedError as error:
            return Fault("reference_invalid", str(error))
    return item if isinstance(item, RawRecord) else _silent(item)


def _silent(fault: Fault) -> Fault:
    """Without what was sent: an answer passes through logs that are not ours."""
    return replace(fault, message=unquoted(fault.message))
