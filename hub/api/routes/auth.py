"""Signing in and out, and choosing a password; nothing here tells who is known."""

from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from hub.access.passwords import PasswordError
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.access.sessions import Begun
from hub.access.tokens import SECONDS
from hub.api.access_bodies import Forgot, Login, Refresh, Reset, Self, Tokens
from hub.api.auth import Allowed, count_try, peer_of, token_of
from hub.api.describing import answered, answers, json_body, public_answers
from hub.api.parts import parts_of
from hub.api.problems import FORBIDDEN, UNAUTHENTICATED
from hub.api.reading import MAY_READ, invalid, read

MAY_SEE, MAY_END = Allowed(Permission.READ_SELF), Allowed(Permission.END_SESSION)
WRONG = "no such sign-in; check tenant, e-mail address and password"
NO_STORE = {"Cache-Control": "no-store"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="warranty-hub"'}
DONE = {204: {"description": "Done."}}
SOON = {202: {"description": "Whoever has that address will get a mail; nobody is told who has."}}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    signed_in = {200: answered(Tokens, "Signed in.")}
    public = (
        ("login", "Sign in", login, Login, signed_in, (UNAUTHENTICATED,)),
        ("refresh", "Go on being signed in", refresh, Refresh, signed_in, (UNAUTHENTICATED,)),
        ("forgot", "Ask for a mail that brings a new password", forgot, Forgot, SOON, ()),
        ("reset", "Choose a password", reset, Reset, DONE, (UNAUTHENTICATED,)),
    )
    for name, summary, route, body, good, kinds in public:
        app.post(
            f"/v1/auth/{name}",
            tags=["auth"],
            summary=summary,
            operation_id=name,
            response_class=Response,
            status_code=next(iter(good)),
            responses=public_answers(good, *kinds, *MAY_READ),
            openapi_extra=json_body(body),
        )(route)
    app.post(
        "/v1/auth/logout",
        tags=["auth"],
        summary="Sign out",
        operation_id="logout",
        response_class=Response,
        status_code=204,
        responses=answers(DONE),
    )(logout)
    app.get(
        "/v1/me",
        tags=["auth"],
        summary="Hear who you are",
        operation_id="me",
        response_class=Response,
        responses=answers({200: answered(Self, "Who calls, and what they may do.")}),
    )(me)


async def login(request: Request) -> Response:
    """Sign in. An address that nobody has, a wrong password and a wrong merchant sound alike."""
    asked = await read(request, Login)
    signing = parts_of(request).admission.signing_in
    await count_try(request, asked.tenant, signing.account(asked.tenant, asked.email))
    begun = await signing.login(asked.tenant, asked.email, asked.password, peer_of(request))
    if begun is None:
        raise UNAUTHENTICATED.error(WRONG, CHALLENGE)
    return await _tokens(request, begun)


async def refresh(request: Request) -> Response:
    """Trade a refresh token for the next pair. One that was used before ends its session."""
    asked = await read(request, Refresh)
    await count_try(request, "", "")
    begun = await parts_of(request).admission.sessions.renew(asked.refresh_token)
    if begun is None:
        raise UNAUTHENTICATED.error("this refresh token is over; sign in again", CHALLENGE)
    return await _tokens(request, begun)


async def forgot(request: Request) -> Response:
    """Have a mail sent to an address, if somebody of that merchant has it."""
    asked = await read(request, Forgot)
    signing = parts_of(request).admission.signing_in
    await count_try(request, asked.tenant, signing.account(asked.tenant, asked.email))
    signing.forgot(asked.tenant, asked.email)
    return Response(status_code=202)


async def reset(request: Request) -> Response:
    """Choose a password with the token of a mail. It can be used once, and ends every session."""
    asked = await read(request, Reset)
    await count_try(request, "", "")
    try:
        is_done = await parts_of(request).admission.signing_in.choose(asked.token, asked.password)
    except PasswordError as error:
        raise invalid([{"type": "", "loc": ("password",), "msg": str(error)}]) from error
    if not is_done:
        detail = "this token is none of ours, was used, or is over; ask for another mail"
        raise UNAUTHENTICATED.error(detail, CHALLENGE)
    return Response(status_code=204)


async def logout(request: Request, caller: Annotated[Principal, Depends(MAY_END)]) -> Response:
    """End the session of this access token, and with it every token of it, within seconds."""
    if caller.kind != "person":
        raise FORBIDDEN.error("a key has no session; to end the key, revoke it")
    admission = parts_of(request).admission
    found = await admission.session(token_of(request))
    if found is not None:
        await admission.sessions.end(caller.tenant, found[0], "signed out", caller.by)
    return Response(status_code=204)


async def me(_request: Request, caller: Annotated[Principal, Depends(MAY_SEE)]) -> Response:
    """Hear who this key or token is, and what it may do."""
    said = Self(
        id=caller.id,
        kind=caller.kind,
        name=caller.name,
        tenant=caller.tenant,
        role=caller.role,
        permissions=[one for one in Permission if caller.may(one)],
    )
    return Response(said.model_dump_json(), media_type="application/json")


async def _tokens(request: Request, begun: Begun) -> Response:
    token = await parts_of(request).admission.access_token(begun)
    said = Tokens(access_token=token, expires_in=SECONDS, refresh_token=begun.refresh)
    return Response(said.model_dump_json(), headers=NO_STORE, media_type="application/json")
