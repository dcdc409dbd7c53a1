"""Claims: filed and told again, added to, read."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Path, Query
from pydantic import BaseModel
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import claim_shelf, claim_telling, problems
from hub.api.asking import asked
from hub.api.at_claim import ClaimPath, check_incident, check_photos, filing, refused, the_claim
from hub.api.auth import Allowed
from hub.api.bodies import VISIBLE
from hub.api.claim_bodies import AddedEvidence, FiledClaim, GivenAnswer, ToldClaim
from hub.api.claim_documents import ClaimDocument, ClaimPage
from hub.api.claim_filters import ClaimFilters
from hub.api.claim_rows import Claim
from hub.api.claim_words import speaker
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.hand_bodies import Settlement
from hub.api.parts import parts_of
from hub.api.policy_bodies import Language
from hub.api.reading import read
from hub.api.submission import Report, reported, traceparent_of
from hub.ledger.submit import Submission
from hub.telemetry.logging import presentable
from schemas.base import Fact
from schemas.events.claim import ClaimAnswered, ClaimEvidenceAdded, ClaimWithdrawn
from schemas.refs import home_of

Submitter = Annotated[Principal, Depends(Allowed(Permission.SUBMIT_CLAIM))]
Reader = Annotated[Principal, Depends(Allowed(Permission.READ_CLAIM))]
Named = Annotated[str, Path(min_length=1, max_length=200, pattern=VISIBLE)]
ROOT = "/v1/claims"
OF_SOURCE = "/v1/claims/{source:no_claim}/{external_id}"
ONE = "/v1/claims/{claim}"
PRIVATE = {"Cache-Control": "no-store"}
ROUTE = "claims"


class _NoClaim(StringConvertor):
    """A source's name: what stands below a claim of ours is none of its ids."""

    regex = "(?!clm_)[^/]+"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    register_url_convertor("no_claim", _NoClaim())
    paths: tuple[tuple[Any, str, Any, str, str, type[BaseModel]], ...] = (
        (app.post, ROOT, file_claim, "File a claim", "fileClaim", FiledClaim),
        (app.put, OF_SOURCE, tell_claim, "Tell a claim of yours", "tellClaim", ToldClaim),
        (
            app.post,
            f"{ONE}/evidence",
            add_evidence,
            "Add what a claim lacks",
            "addEvidence",
            AddedEvidence,
        ),
        (
            app.post,
            f"{ONE}/answers",
            answer,
            "Answer what was asked about a claim",
            "answerClaim",
            GivenAnswer,
        ),
        (app.post, f"{ONE}/withdraw", withdraw, "Withdraw a claim", "withdrawClaim", Settlement),
    )
    for method, path, route, summary, name, body in paths:
        method(
            path,
            tags=["claims"],
            summary=summary,
            operation_id=name,
            status_code=201,
            response_class=Response,
            responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
            openapi_extra=json_body(body, KEY),
        )(route)
    app.get(
        ROOT,
        tags=["claims"],
        summary="List claims",
        operation_id="listClaims",
        response_class=Response,
        responses=answers(
            {200: answered(ClaimPage, "A page.")}, problems.INVALID, problems.REJECTED
        ),
    )(list_claims)
    app.get(
        ONE,
        tags=["claims"],
        summary="Read a claim and its history",
        operation_id="readClaim",
        response_class=Response,
        responses=answers(
            {200: answered(ClaimDocument, "As it stands.")},
            problems.NOT_FOUND,
            problems.INVALID,
            problems.NOT_POSSIBLE,
        ),
    )(read_claim)


async def file_claim(request: Request, caller: Submitter) -> Response:
    """Say what is wrong with a unit. It waits, staged, for whatever it lacks, and goes on by itself.

    Without a reference, a unit has one open claim of an issue; with one, the same reference tells of
    the same claim again.
    """

    async def make(key: str) -> Submission:
        body = await read(request, FiledClaim)
        async with parts_of(request).database.speaking_for(caller.tenant) as queries:
            fact, home = await filing(queries, body, caller.name, body.reference)
        report = Report(ROUTE, fact, body.filed_at, home)
        return reported(report, caller, key, traceparent_of(request))

    return await asked(request, parts_of(request).asker, make)


async def tell_claim(
    request: Request, source: Named, external_id: Named, caller: Submitter
) -> Response:
    """Make a claim of yours known under your own id, or tell what is new of it; what is left out stays.

    201 where it is new, else 200. The same once more changes nothing and is answered with what there is.
    """
    source, external_id = source.strip(), external_id.strip()
    events: list[str] = []

    async def make(key: str) -> Submission:
        body = await read(request, ToldClaim)
        async with parts_of(request).database.speaking_for(caller.tenant) as queries:
            fact, home = await filing(queries, body, source, external_id)
        name = orjson.dumps([source, external_id, key]).decode()
        report = Report(ROUTE, fact, body.filed_at, home)
        told = reported(report, caller, name, traceparent_of(request))
        events.append(told.envelope.id)
        return told

    response = await asked(request, parts_of(request).asker, make)
    if response.status_code == 201 and not await _is_new(request, caller, response, events[0]):  # noqa: PLR2004 - made
        response.status_code = 200
    return response


async def _is_new(request: Request, caller: Principal, response: Response, event: str) -> bool:
    """Whether the claim of an answer was made by that very event."""
    claim, _ = await the_claim(request, caller, orjson.loads(response.body)["claim"]["id"])
    return claim.event == event


async def add_evidence(request: Request, claim: ClaimPath, caller: Submitter) -> Response:
    """Add an invoice, photos, the serial, the day or a description; the claim goes on once nothing is missing."""

    async def make(known: Claim) -> Fact:
        body = await read(request, AddedEvidence)
        check_incident(body.incident_on, known.zone)
        await _check_photos(request, caller, known, body.photos)
        given = body.model_dump(exclude={"description"})
        return ClaimEvidenceAdded(claim=claim, **given, words=body.description)

    return await _told(request, caller, claim, "claim-evidence", make)


async def answer(request: Request, claim: ClaimPath, caller: Submitter) -> Response:
    """Pass on what the customer answers; the claim is looked at again."""

    async def make(known: Claim) -> Fact:
        body = await read(request, GivenAnswer)
        await _check_photos(request, caller, known, body.photos)
        return ClaimAnswered(claim=claim, photos=body.photos, words=body.text)

    return await _told(request, caller, claim, "claim-answers", make)


async def withdraw(request: Request, claim: ClaimPath, caller: Submitter) -> Response:
    """Say that whoever filed it does not pursue it. It stays, cancelled."""

    async def make(_: Claim) -> Fact:
        body = await read(request, Settlement)
        return ClaimWithdrawn(claim=claim, why=presentable(body.why) or "…")

    return await _told(request, caller, claim, "claim-withdrawals", make)


async def _check_photos(
    request: Request, caller: Principal, known: Claim, photos: tuple[str, ...]
) -> None:
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        await check_photos(queries, photos, known.warranty)


async def _told(
    request: Request,
    caller: Principal,
    claim: str,
    route: str,
    read_fact: Callable[[Claim], Coroutine[None, None, Fact]],
) -> Response:
    known, _ = await the_claim(request, caller, claim)

    async def make(key: str) -> Submission:
        report = Report(route, await read_fact(known), datetime.now(UTC), home_of(claim))
        return reported(report, caller, f"{claim}/{key}", traceparent_of(request))

    return await asked(request, parts_of(request).asker, make)


async def list_claims(
    request: Request, caller: Reader, filters: Annotated[ClaimFilters, Query()]
) -> Response:
    """List what fits all filters. What was decided is here at once."""
    if not filters.names_whose_reference:
        message = "sources count by themselves: give `source` and `reference` together"
        raise refused("reference_of_nobody", message)
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found, cursor = await claim_shelf.page(queries, filters)
    page = ClaimPage(claims=found, cursor=cursor)
    return Response(page.model_dump_json(), media_type="application/json")


async def read_claim(
    request: Request, claim: ClaimPath, caller: Reader, language: Annotated[Language, Query()]
) -> Response:
    """Read how it stands, what it lacks, everything that was said and decided, and what the customer reads."""
    known, version = await the_claim(request, caller, claim)
    keyring = parts_of(request).today.keyring
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        words = await claim_shelf.words(queries, keyring, caller.tenant, known)
        effects = await claim_shelf.effects_of(queries, claim)
        speaks = await speaker(queries, caller.tenant, known)
    notes = caller.may(Permission.EXPLAIN_CLAIM)
    said = claim_telling.said(known, words, notes=notes)
    found = claim_telling.document(
        known, version, said, effects, speaks.now(known, language.locale)
    )
    return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)
