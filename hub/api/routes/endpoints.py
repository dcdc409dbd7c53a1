"""Endpoints: where the hub tells what was decided, and what for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from operator import attrgetter
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.delivery_bodies import ID, ChangedEndpoint, ListedEndpoints, NewEndpoint, Rotated
from hub.api.delivery_documents import (
    AddedEndpoint,
    DeletedEndpoint,
    EndpointPage,
    LiveSecrets,
    ShownSecret,
    TestSent,
)
from hub.api.describing import KEY, answered, answers, json_body
from hub.api.desk import Whose, speaking, tenant_of
from hub.api.encoding import document
from hub.api.idempotency import HEADER, key_of
from hub.api.numbered import cut
from hub.api.parts import parts_of
from hub.api.problems import REJECTED
from hub.api.reading import MAY_READ, read
from hub.api.versions import IF_MATCH, MAY_MATCH, seen_version
from hub.delivery.egress import ForbiddenError
from hub.delivery.endpoint_secrets import live_secrets
from hub.delivery.endpoints import Desk, Endpoint, find, listed
from hub.delivery.kinds import UnfitError
from hub.delivery.reading import send_test
from hub.delivery.secrets import Secret

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_ENDPOINT))]
Changer = Annotated[Principal, Depends(Allowed(Permission.CHANGE_ENDPOINT, fresh=True))]
Named = Annotated[str, Path(pattern=ID)]
Asked = Annotated[Whose, Query()]
TAGS: list[str | Enum] = ["endpoints"]
ALL, ONE = "/v1/endpoints", "/v1/endpoints/{endpoint}"
WISH = KEY | {"description": "Names this wish, so that repeating it makes one endpoint."}
TAG: dict[str, Any] = {
    "ETag": {
        "description": "Its version; give it back as If-Match.",
        "schema": {"type": "string"},
        "required": True,
    }
}
CHANGING = (problems.NOT_FOUND, problems.CHANGED, problems.VERSION_NEEDED, problems.REJECTED)


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    _add_reading(app)
    _add_changing(app)
    app.post(
        f"{ONE}/test",
        tags=TAGS,
        summary="Send an endpoint an event of no meaning",
        operation_id="testEndpoint",
        status_code=202,
        response_class=Response,
        responses=answers(
            {202: answered(TestSent, "It is on its way.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(test_endpoint)
    app.post(
        f"{ONE}/secrets",
        tags=TAGS,
        summary="Give an endpoint a new secret",
        operation_id="rotateSecret",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(ShownSecret, "Both sign until the grace is over.")},
            problems.NOT_FOUND,
            problems.CHANGED,
            problems.REJECTED,
            *MAY_READ,
        ),
        openapi_extra=json_body(Rotated, MAY_MATCH),
    )(rotate_secret)


def _add_reading(app: FastAPI) -> None:
    app.get(
        ALL,
        tags=TAGS,
        summary="List endpoints",
        operation_id="listEndpoints",
        response_class=Response,
        responses=answers({200: answered(EndpointPage, "By id.")}, problems.INVALID),
    )(list_endpoints)
    for path, name, summary, good, route in (
        (ONE, "readEndpoint", "Read an endpoint", answered(Endpoint, "As it is.", TAG), read_one),
        (
            f"{ONE}/secrets",
            "listSecrets",
            "List what signs for an endpoint, without the secrets",
            answered(LiveSecrets, "Newest first."),
            list_secrets,
        ),
    ):
        app.get(
            path,
            tags=TAGS,
            summary=summary,
            operation_id=name,
            response_class=Response,
            responses=answers({200: good}, problems.NOT_FOUND, problems.INVALID),
        )(route)


def _add_changing(app: FastAPI) -> None:
    app.post(
        ALL,
        tags=TAGS,
        summary="Add an endpoint",
        operation_id="addEndpoint",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(AddedEndpoint, "It is told of what is decided from now on.", TAG)},
            problems.BAD_KEY,
            problems.KEY_REUSED,
            problems.REJECTED,
            *MAY_READ,
        ),
        openapi_extra=json_body(NewEndpoint, WISH),
    )(add_endpoint)
    app.patch(
        ONE,
        tags=TAGS,
        summary="Change an endpoint",
        operation_id="changeEndpoint",
        response_class=Response,
        responses=answers({200: answered(Endpoint, "As it is now.", TAG)}, *CHANGING, *MAY_READ),
        openapi_extra=json_body(ChangedEndpoint, IF_MATCH),
    )(change_endpoint)
    app.delete(
        ONE,
        tags=TAGS,
        summary="End an endpoint",
        operation_id="deleteEndpoint",
        response_class=Response,
        responses=answers(
            {200: answered(DeletedEndpoint, "Nothing more is sent there.")},
            *CHANGING[:3],
            problems.INVALID,
        ),
        openapi_extra={"parameters": [IF_MATCH]},
    )(delete_endpoint)


async def list_endpoints(
    request: Request, caller: Reader, wanted: Annotated[ListedEndpoints, Query()]
) -> Response:
    """List endpoints with how each stands."""
    tenant = tenant_of(caller, wanted)
    async with speaking(request, caller, wanted) as queries:
        found = await listed(queries, tenant, wanted.cursor or "", wanted.limit + 1)
    shown, cursor = cut(found, wanted.limit, attrgetter("id"))
    return document(EndpointPage(endpoints=shown, cursor=cursor))


async def read_one(request: Request, caller: Reader, endpoint: Named, whose: Asked) -> Response:
    """Read an endpoint: what it is told, how fast, and whether it answers."""
    async with speaking(request, caller, whose) as queries:
        return _tagged(await find(queries, tenant_of(caller, whose), endpoint))


async def list_secrets(request: Request, caller: Reader, endpoint: Named, whose: Asked) -> Response:
    """List what signs now. With a public key alone messages can be verified, by `v1a`."""
    async with speaking(request, caller, whose) as queries:
        await find(queries, tenant_of(caller, whose), endpoint)
        return document(LiveSecrets(secrets=await live_secrets(queries, endpoint)))


async def add_endpoint(request: Request, caller: Changer, whose: Asked) -> Response:
    """Have events sent somewhere, from now on: signed as in Standard Webhooks, or as mails to customers."""
    key = key_of(request.headers.getlist(HEADER))
    wanted = await read(request, NewEndpoint)
    async with _desk(request, caller, whose) as desk:
        endpoint, secret = await desk.add(wanted.shape(), key)
    added = AddedEndpoint(endpoint=endpoint, secret=_shown(secret) if secret else None)
    place = f"{ALL}/{endpoint.id}"
    return document(added, 201, Location=place, ETag=f'"{endpoint.version}"')


async def change_endpoint(
    request: Request, caller: Changer, endpoint: Named, whose: Asked
) -> Response:
    """Change what is named in the body, and nothing else."""
    version, wanted = seen_version(request), await read(request, ChangedEndpoint)
    changes = wanted.changes()
    async with _desk(request, caller, whose) as desk:
        return _tagged(await desk.change(endpoint, version, changes))


async def delete_endpoint(
    request: Request, caller: Changer, endpoint: Named, whose: Asked
) -> Response:
    """End an endpoint. What it was still to be told is given up, and counted."""
    version = seen_version(request)
    async with _desk(request, caller, whose) as desk:
        return document(DeletedEndpoint(given_up=await desk.remove(endpoint, version)))


async def test_endpoint(
    request: Request, caller: Changer, endpoint: Named, whose: Asked
) -> Response:
    """Send `endpoint.tested.v1` on the way that everything takes: signed, guarded, tried again."""
    tenant = tenant_of(caller, whose)
    async with _desk(request, caller, whose) as desk:
        delivery = await send_test(desk.queries, tenant, endpoint, datetime.now(UTC))
    return document(TestSent(delivery=delivery), 202, Location=f"/v1/deliveries/{delivery}")


async def rotate_secret(
    request: Request, caller: Changer, endpoint: Named, whose: Asked
) -> Response:
    """Make a new secret. It and the one before both sign until the grace is over.

    Say by `If-Match` which version was seen: a repeat whose first answer was lost then makes no third secret, which
    would end the one that the receiver knows.
    """
    version, wanted = seen_version(request, needed=False), await read(request, Rotated)
    async with _desk(request, caller, whose) as desk:
        secret = await desk.rotate(endpoint, wanted.grace_seconds, version)
    return document(_shown(secret), 201)


@asynccontextmanager
async def _desk(request: Request, caller: Principal, whose: Whose) -> AsyncIterator[Desk]:
    """One transaction of the tenant that is spoken for."""
    tenant, parts = tenant_of(caller, whose), parts_of(request)
    try:
        async with parts.database.transaction_for(tenant) as queries:
            yield Desk(queries, parts.today.keyring, tenant, caller.by)
    except (ForbiddenError, UnfitError) as error:
        # What can be said of an address without asking anybody; the rest is checked at each attempt.
        raise REJECTED.error(str(error)) from error


def _tagged(endpoint: Endpoint) -> Response:
    return document(endpoint, ETag=f'"{endpoint.version}"')


def _shown(secret: Secret) -> ShownSecret:
    return ShownSecret(secret=secret.shown, public=secret.public)
