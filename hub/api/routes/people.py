"""The people of a merchant: invited, listed, made something else, let go."""

from operator import attrgetter
from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access import people
from hub.access.people import Invitation, Person
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.adapters.postgres import Queries
from hub.api import problems
from hub.api.access_bodies import Invited, ListedPeople, NewRole, People, ShownPerson
from hub.api.auth import Allowed
from hub.api.describing import answered, answers, json_body
from hub.api.numbered import cut
from hub.api.parts import parts_of
from hub.api.reading import MAY_READ, read

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_PERSON))]
Manager = Annotated[Principal, Depends(Allowed(Permission.MANAGE_PERSON, fresh=True))]
Id = Annotated[str, Path(pattern="^usr_[0-9a-f]{24}$")]
ONE = "/v1/people/{person}"
REFUSED = (problems.NOT_FOUND, problems.NOT_POSSIBLE)


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/people",
        tags=["people"],
        summary="List people",
        operation_id="listPeople",
        response_class=Response,
        responses=answers({200: answered(People, "A page of them.")}, problems.INVALID),
    )(list_people)
    app.post(
        "/v1/people",
        tags=["people"],
        summary="Invite somebody",
        operation_id="invitePerson",
        response_class=Response,
        status_code=201,
        responses=answers(
            {201: answered(ShownPerson, "A mail brings them a password to choose.")},
            problems.NOT_POSSIBLE,
            *MAY_READ,
        ),
        openapi_extra=json_body(Invited),
    )(invite)
    app.put(
        f"{ONE}/role",
        tags=["people"],
        summary="Make somebody something else",
        operation_id="changeRole",
        response_class=Response,
        responses=answers({200: answered(ShownPerson, "As they are now.")}, *REFUSED, *MAY_READ),
        openapi_extra=json_body(NewRole),
    )(change_role)
    app.post(
        f"{ONE}/deactivate",
        tags=["people"],
        summary="Let somebody go",
        operation_id="deactivatePerson",
        response_class=Response,
        responses=answers(
            {200: answered(ShownPerson, "Their sessions are over.")}, *REFUSED, problems.INVALID
        ),
    )(deactivate)


async def list_people(
    request: Request, caller: Reader, wanted: Annotated[ListedPeople, Query()]
) -> Response:
    """List who may sign in, as what, and who was invited or let go."""
    admission = parts_of(request).admission
    async with admission.database.speaking_for(caller.tenant) as queries:
        found = await people.people(
            queries,
            admission.keyring,
            caller.tenant,
            after=wanted.cursor,
            limit=wanted.limit + 1,
        )
    shown, cursor = cut(found, wanted.limit, attrgetter("id"))
    said = People(people=[_shown(one) for one in shown], cursor=cursor)
    return Response(said.model_dump_json(), media_type="application/json")


async def invite(request: Request, caller: Manager) -> Response:
    """Add somebody by e-mail; whoever never answered, or was let go, may be invited again."""
    asked, admission = await read(request, Invited), parts_of(request).admission
    async with admission.database.transaction_for(caller.tenant) as queries:
        person = await people.invite(
            queries,
            admission.keyring,
            Invitation(caller.tenant, asked.email, asked.role),
            caller.by,
            admission.signing_in.wording,
        )
        return await _one(request, queries, caller, person, 201)


async def change_role(request: Request, person: Id, caller: Manager) -> Response:
    """Give somebody another role; their tokens take it within seconds."""
    asked, admission = await read(request, NewRole), parts_of(request).admission
    async with admission.database.transaction_for(caller.tenant) as queries:
        await people.change_role(queries, caller.tenant, person, asked.role, caller.by)
        return await _one(request, queries, caller, person)


async def deactivate(request: Request, person: Id, caller: Manager) -> Response:
    """End somebody's access, and every session of theirs within seconds."""
    async with parts_of(request).admission.database.transaction_for(caller.tenant) as queries:
        await people.deactivate(queries, caller.tenant, person, caller.by)
        return await _one(request, queries, caller, person)


async def _one(
    request: Request, queries: Queries, caller: Principal, person: str, status: int = 200
) -> Response:
    keyring = parts_of(request).admission.keyring
    (found,) = await people.people(queries, keyring, caller.tenant, person)
    return Response(_shown(found).model_dump_json(), status, media_type="application/json")


def _shown(one: Person) -> ShownPerson:
    return ShownPerson.model_validate(one, from_attributes=True)
