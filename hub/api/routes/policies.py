"""Policies: what is in force and was, what differs, what customers read; and new versions."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import policy_shelf, problems
from hub.api.acting import Act, acted, actor
from hub.api.auth import Allowed
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.parts import parts_of
from hub.api.policy_bodies import Between, Language, Publication
from hub.api.policy_documents import (
    PolicyDiff,
    PolicyDocument,
    PolicyList,
    PolicyVersionDocument,
)
from hub.api.problems import NOT_FOUND
from hub.api.reading import read
from hub.domain.policies.explaining import EXPLAINED, explain
from hub.domain.policies.versions import policy_in_force
from schemas.events.policy import PolicyPublished
from schemas.policies import MODELS, POLICIES
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.refs import home

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_POLICY))]
Publisher = Annotated[Principal, Depends(Allowed(Permission.PUBLISH_POLICY))]
Name = Annotated[str, Path(pattern="^[a-z][a-z_]{0,62}$")]
Number = Annotated[int, Path(ge=1, le=10**6)]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    _read(app, "", list_policies, "List policies", "listPolicies", answered(PolicyList, "All."))
    one = answered(PolicyDocument, "What is in force now, and every version.")
    _read(app, "/{name}", read_policy, "Read a policy", "readPolicy", one)
    version = answered(PolicyVersionDocument, "A version; it never changes.")
    path = "/{name}/versions/{number}"
    _read(app, path, read_version, "Read a version", "readPolicyVersion", version)
    diff = answered(PolicyDiff, "Place by place.")
    _read(app, "/{name}/diff", compare, "Compare two versions", "comparePolicy", diff)
    text = {"description": "Plain text.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    summary = "Read what a customer reads"
    _read(app, "/{name}/explain", explain_policy, summary, "explainPolicy", text)
    app.post(
        "/v1/policies/{name}",
        tags=["policies"],
        summary="Publish a new version",
        operation_id="publishPolicy",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
        openapi_extra=json_body(Publication, KEY),
    )(publish)


def _read(  # noqa: PLR0913, PLR0917 - what the description says of a route
    app: FastAPI, path: str, route: Any, summary: str, name: str, answer: dict[str, Any]
) -> None:
    app.get(
        f"/v1/policies{path}",
        tags=["policies"],
        summary=summary,
        operation_id=name,
        response_class=Response,
        responses=answers({200: answer}, problems.NOT_FOUND, problems.INVALID),
    )(route)


async def list_policies(request: Request, caller: Reader) -> Response:
    """List every policy there can be, and which version of it counts now."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await policy_shelf.versions(queries)
    page = policy_shelf.listed(found, datetime.now(UTC))
    return Response(page.model_dump_json(), media_type="application/json")


async def read_policy(request: Request, name: Name, caller: Reader) -> Response:
    """Read what is in force now, and every version there is."""
    found = await _versions(request, caller, name)
    page = policy_shelf.shown(name, found, datetime.now(UTC))
    return Response(page.model_dump_json(), media_type="application/json")


async def read_version(request: Request, name: Name, number: Number, caller: Reader) -> Response:
    """Read a version with its document."""
    found = _one(await _versions(request, caller, name), name, number)
    body = policy_shelf.version(found).model_dump_json()
    return Response(body, media_type="application/json")


async def compare(
    request: Request, name: Name, caller: Reader, between: Annotated[Between, Query()]
) -> Response:
    """Say what differs between two versions, place by place."""
    found = await _versions(request, caller, name)
    one, other = (_one(found, name, number) for number in (between.earlier, between.later))
    body = policy_shelf.difference(one, other).model_dump_json()
    return Response(body, media_type="application/json")


async def explain_policy(
    request: Request, name: Name, caller: Reader, language: Annotated[Language, Query()]
) -> Response:
    """Read what a customer reads before paying or claiming: exclusions and delays come first."""
    if name not in EXPLAINED:
        there = ", ".join(EXPLAINED)
        raise NOT_FOUND.error(f"{name} is nothing that customers read; there are {there}")
    now = datetime.now(UTC)
    force = policy_in_force(await _versions(request, caller, name), now)
    if force is None:
        raise NOT_FOUND.error(f"no version of {name} is in force yet")
    first = policy_in_force(await _all(request, caller, "exclusions"), now)
    excluded = ExclusionsPolicy.model_validate_json(first.document) if first else None
    policy = MODELS[name].model_validate_json(force.document)
    return PlainTextResponse(explain(policy, excluded, language.locale))


async def publish(request: Request, name: Name, caller: Publisher) -> Response:
    """Publish a version; what is wrong with it is said by its place.

    A version counts from `effective_from` on, never for what was before. Repeat it under the same
    `Idempotency-Key` as often as needed: it counts once.
    """
    _check(name)

    async def read_act() -> Act:
        return publication(caller, name, await read(request, Publication))

    return await acted(request, caller, parts_of(request).catalog, read_act)


def publication(caller: Principal, name: str, body: Publication) -> Act:
    """What a publication does."""
    fact = PolicyPublished(
        name=name,
        document=body.document,
        effective_from=body.effective_from,
        expects_version=body.expects_version,
        why=body.why,
        by=actor(caller),
    )
    return Act(fact, home(caller.tenant, "policy", name), name)


def _check(name: str) -> None:
    if name not in POLICIES:
        raise NOT_FOUND.error(f"there is no policy {name!r}; there are {', '.join(POLICIES)}")


async def _versions(request: Request, caller: Principal, name: str) -> list[policy_shelf.Stored]:
    _check(name)
    found = await _all(request, caller, name)
    if not found:
        raise NOT_FOUND.error(f"no version of {name} is published yet; POST one here")
    return found


async def _all(request: Request, caller: Principal, name: str) -> list[policy_shelf.Stored]:
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        return await policy_shelf.versions(queries, name)


def _one(found: list[policy_shelf.Stored], name: str, number: int) -> policy_shelf.Stored:
    if number > len(found):
        raise NOT_FOUND.error(f"there is no version {number} of {name}; the last is {len(found)}")
    return found[number - 1]
