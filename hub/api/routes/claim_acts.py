"""What staff do with a claim: they take it, ask, note, approve, deny, settle evidence, close, explain it."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import claim_explaining, claim_shelf, claim_telling, problems, proofs, shelf
from hub.api.acting import Act, acted, actor
from hub.api.at_claim import ClaimPath, the_claim
from hub.api.auth import Allowed
from hub.api.claim_bodies import (
    AskedQuestion,
    ClaimNote,
    ClaimOverride,
    GivenApproval,
    GivenDenial,
    TakenClaim,
)
from hub.api.claim_words import speaker
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.explained_documents import ExplainedClaim
from hub.api.hand_bodies import Settlement
from hub.api.parts import parts_of
from hub.api.policy_bodies import Language
from hub.api.reading import read
from hub.delivery.reading import of_claims
from schemas.base import Fact
from schemas.events.claim import (
    ApprovalGiven,
    ClaimClosed,
    DenialGiven,
    EvidenceSettled,
    NoteWritten,
    QuestionAsked,
    ReviewBegun,
    Wanted,
)
from schemas.events.decided import OverrideRequested
from schemas.money import Money
from schemas.refs import home, home_of

Decider = Annotated[Principal, Depends(Allowed(Permission.DECIDE_CLAIM))]
Noter = Annotated[Principal, Depends(Allowed(Permission.NOTE_CLAIM))]
Overrider = Annotated[Principal, Depends(Allowed(Permission.USE_OVERRIDE))]
Explainer = Annotated[Principal, Depends(Allowed(Permission.EXPLAIN_CLAIM))]
Piece = Annotated[str, Path(pattern="^[1-9][0-9]{0,5}$")]
ONE = "/v1/claims/{claim}"
PRIVATE = {"Cache-Control": "no-store"}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    paths: tuple[tuple[str, Any, str, str, Any], ...] = (
        ("review", review, "Take a claim to review it", "reviewClaim", TakenClaim),
        ("questions", ask, "Ask the customer about a claim", "askCustomer", AskedQuestion),
        ("notes", note, "Write a note about a claim", "noteClaim", ClaimNote),
        ("approve", approve, "Approve a claim", "approveClaim", GivenApproval),
        ("deny", deny, "Deny a claim", "denyClaim", GivenDenial),
        (
            "evidence/{piece}/withdraw",
            withdraw_evidence,
            "Withdraw a piece of evidence",
            "withdrawEvidence",
            Settlement,
        ),
        (
            "evidence/{piece}/reinstate",
            reinstate_evidence,
            "Take a piece of evidence back in",
            "reinstateEvidence",
            Settlement,
        ),
        ("close", close, "Close a decided claim", "closeClaim", Settlement),
        (
            "override",
            override,
            "Let a claim be decided whatever blocks it",
            "overrideClaim",
            ClaimOverride,
        ),
    )
    for path, route, summary, name, body in paths:
        app.post(
            f"{ONE}/{path}",
            tags=["claims"],
            summary=summary,
            operation_id=name,
            status_code=201,
            response_class=Response,
            responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
            openapi_extra=json_body(body, KEY),
        )(route)
    app.get(
        f"{ONE}/explain",
        tags=["claims"],
        summary="Explain why a claim stands where it stands",
        operation_id="explainClaim",
        response_class=Response,
        responses=answers(
            {200: answered(ExplainedClaim, "In order of time.")},
            problems.NOT_FOUND,
            problems.INVALID,
            problems.NOT_POSSIBLE,
        ),
    )(explain)


async def review(request: Request, claim: ClaimPath, caller: Decider) -> Response:
    """Say that you look at it; whoever decides a submitted claim reviews it as well."""

    async def make() -> Fact:
        body = await read(request, TakenClaim)
        return ReviewBegun(claim=claim, why=body.why, by=actor(caller))

    return await _acted(request, caller, claim, make)


async def ask(request: Request, claim: ClaimPath, caller: Decider) -> Response:
    """Ask the customer; the claim waits for the answer."""

    async def make() -> Fact:
        body = await read(request, AskedQuestion)
        return QuestionAsked(
            claim=claim, words=body.text, by=actor(caller), notify_customer=body.notify_customer
        )

    return await _acted(request, caller, claim, make)


async def note(request: Request, claim: ClaimPath, caller: Noter) -> Response:
    """Write what colleagues should know. It is kept sealed and never leaves."""

    async def make() -> Fact:
        body = await read(request, ClaimNote)
        return NoteWritten(claim=claim, words=body.text, by=actor(caller))

    return await _acted(request, caller, claim, make)


async def approve(request: Request, claim: ClaimPath, caller: Decider) -> Response:
    """Grant what it leads to: within the limit of your role, and where the policy asks for two, with a colleague.

    Nobody approves what he filed himself.
    """

    async def make() -> Fact:
        body = await read(request, GivenApproval)
        wanted = tuple(
            Wanted(kind=one.kind, amount=Money(**one.amount.model_dump()) if one.amount else None)
            for one in body.resolutions
        )
        return ApprovalGiven(
            claim=claim,
            resolutions=wanted,
            partial=body.partial,
            why=body.why,
            by=actor(caller),
            notify_customer=body.notify_customer,
        )

    return await _acted(request, caller, claim, make)


async def deny(request: Request, claim: ClaimPath, caller: Decider) -> Response:
    """Grant nothing, for a reason that the customer is told of in plain words."""

    async def make() -> Fact:
        body = await read(request, GivenDenial)
        return DenialGiven(
            claim=claim,
            reason=body.reason,
            why=body.why,
            by=actor(caller),
            notify_customer=body.notify_customer,
        )

    return await _acted(request, caller, claim, make)


async def withdraw_evidence(
    request: Request, claim: ClaimPath, piece: Piece, caller: Decider
) -> Response:
    """Say that something does not count, and why. An undecided claim waits until there is something better."""
    return await _settled(request, caller, claim, piece, good=False)


async def reinstate_evidence(
    request: Request, claim: ClaimPath, piece: Piece, caller: Decider
) -> Response:
    """Say that it counts after all."""
    return await _settled(request, caller, claim, piece, good=True)


async def close(request: Request, claim: ClaimPath, caller: Decider) -> Response:
    """Say that nothing is left to be done of a decided claim."""

    async def make() -> Fact:
        body = await read(request, Settlement)
        return ClaimClosed(claim=claim, why=body.why, by=actor(caller))

    return await _acted(request, caller, claim, make)


async def override(request: Request, claim: ClaimPath, caller: Overrider) -> Response:
    """Lift what blocks it for goodwill: within your allowance, with a reason, flagged for ever.

    What is granted has its effect a moment later; the claim shows it.
    """
    known, _ = await the_claim(request, caller, claim)

    async def read_act() -> Act:
        body = await read(request, ClaimOverride)
        fact = OverrideRequested(
            warranty=known.warranty,
            change="claim",
            claim=claim,
            amount=Money(**body.amount.model_dump()),
            why=body.why,
            by=actor(caller),
        )
        # Where the month is another by the time the event is made, the hub sends it on.
        place = home(caller.tenant, "allowance", fact.by.id, f"{datetime.now(UTC):%Y-%m}")
        return Act(fact, place, claim)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def _settled(
    request: Request, caller: Principal, claim: str, piece: str, *, good: bool
) -> Response:
    async def make() -> Fact:
        body = await read(request, Settlement)
        return EvidenceSettled(claim=claim, piece=piece, good=good, why=body.why, by=actor(caller))

    return await _acted(request, caller, claim, make, f"{claim}/{piece}/{good}")


async def _acted(
    request: Request,
    caller: Principal,
    claim: str,
    read_fact: Callable[[], Coroutine[None, None, Fact]],
    subject: str = "",
) -> Response:
    await the_claim(request, caller, claim)

    async def read_act() -> Act:
        return Act(await read_fact(), home_of(claim), subject or claim)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def explain(
    request: Request,
    claim: ClaimPath,
    caller: Explainer,
    language: Annotated[Language, Query()],
) -> Response:
    """Read every report, rule, person, message and effect that had a part in it, and what its customer read."""
    known, version = await the_claim(request, caller, claim)
    keyring = parts_of(request).today.keyring
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        effects = await claim_shelf.effects_of(queries, claim)
        subjects = [claim, *(one.id for one in effects)]
        steps = claim_explaining.steps(
            claim_explaining.Known(
                claim=known,
                warranty=await shelf.one(queries, known.warranty),
                proofs=(await proofs.of_warranty(queries, known.warranty)).proofs,
                words=await claim_shelf.words(queries, keyring, caller.tenant, known),
                effects=effects,
                messages=await of_claims(queries, caller.tenant, subjects),
            )
        )
        speaks = await speaker(queries, caller.tenant, known)
    found = ExplainedClaim(
        claim=claim_telling.line(known, version),
        steps=steps,
        customer=speaks.story(known, language.locale),
    )
    return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)
