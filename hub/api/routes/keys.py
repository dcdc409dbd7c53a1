"""Keys of a merchant's systems: given out, listed, ended."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access import keys
from hub.access.keys import Issued, parsed
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.adapters.postgres import Queries
from hub.api import problems
from hub.api.access_bodies import GivenKey, KeyList, NewKey, ShownKey
from hub.api.auth import Allowed
from hub.api.describing import answered, answers, json_body
from hub.api.parts import parts_of
from hub.api.problems import FORBIDDEN, NOT_FOUND
from hub.api.reading import MAY_READ, read

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_KEY))]
Manager = Annotated[Principal, Depends(Allowed(Permission.MANAGE_KEY, fresh=True))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{12}$")]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/keys",
        tags=["keys"],
        summary="List keys",
        operation_id="listKeys",
        response_class=Response,
        responses=answers({200: answered(KeyList, "Every key, without its secret.")}),
    )(list_keys)
    app.post(
        "/v1/keys",
        tags=["keys"],
        summary="Give out a key",
        operation_id="issueKey",
        response_class=Response,
        status_code=201,
        responses=answers(
            {201: answered(GivenKey, "The key, shown now and never again.")},
            problems.NOT_POSSIBLE,
            *MAY_READ,
        ),
        openapi_extra=json_body(NewKey),
    )(issue)
    app.post(
        "/v1/keys/{key}/revoke",
        tags=["keys"],
        summary="End a key",
        operation_id="revokeKey",
        response_class=Response,
        responses=answers(
            {200: answered(ShownKey, "Nobody takes it any more, within seconds.")},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(revoke)


async def list_keys(request: Request, caller: Reader) -> Response:
    """List every key: whose, what it may do, when it was used last, whether it is over."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await keys.issued(queries, caller.tenant)
    said = KeyList(keys=[_shown(one) for one in found])
    return Response(said.model_dump_json(), media_type="application/json")


async def issue(request: Request, caller: Manager) -> Response:
    """Give out a key. A holder has two at most, so that the second is in use before the first ends."""
    asked, parts = await read(request, NewKey), parts_of(request)
    wanted = keys.wanted(caller.tenant, asked.principal, asked.role, asked.scopes, asked.days)
    given = wanted.scopes or frozenset(one for one in Permission if wanted.role.may(one))
    if caller.scopes is not None and not given <= caller.scopes:
        detail = "a key that was narrowed gives out none that may do more; name `scopes` within it"
        raise FORBIDDEN.error(detail)
    async with parts.database.transaction_for(caller.tenant) as queries:
        await _outlives_nobody(queries, caller, wanted.days)
        token = await keys.give_out(queries, wanted, parts.admission.mode, caller.by)
        match = parsed(token)
        identifier = match["id"] if match else ""
        (made,) = await keys.issued(queries, caller.tenant, identifier)
    said = GivenKey(**_shown(made).model_dump(), key=token)
    headers = {"Cache-Control": "no-store"}
    return Response(said.model_dump_json(), 201, headers, "application/json")


async def _outlives_nobody(queries: Queries, caller: Principal, days: int | None) -> None:
    """Whoever finds a key that ends soon must not make one of it that does not."""
    if caller.kind != "key":
        return
    (own,) = await keys.issued(queries, caller.tenant, caller.id)
    if own.expires_at is None:
        return
    left = (own.expires_at - datetime.now(UTC)).days
    if days is None or days > left:
        detail = "a key that ends gives out none that lasts longer; "
        ask = f"name `days`, {left} at most" if left else "ask for it with one that lasts longer"
        raise FORBIDDEN.error(detail + ask)


async def revoke(request: Request, key: Id, caller: Manager) -> Response:
    """End a key; every process has forgotten it within five seconds. Said twice, it is ended once."""
    async with parts_of(request).database.transaction_for(caller.tenant) as queries:
        found = await keys.issued(queries, caller.tenant, key)
        if not found:
            raise NOT_FOUND.error(f"you have no key {key}; look for it in /v1/keys")
        if found[0].revoked_at is None:
            await keys.end(queries, key, caller.tenant, caller.by)
            found = await keys.issued(queries, caller.tenant, key)
    return Response(_shown(found[0]).model_dump_json(), media_type="application/json")


def _shown(one: Issued) -> ShownKey:
    return ShownKey.model_validate(one, from_attributes=True)
