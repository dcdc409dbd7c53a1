"""Proofs of purchase: offered by a reference or a file, read, accepted, refused."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access import upload_tokens
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems, proofs
from hub.api.acting import Act, acted, actor
from hub.api.at_warranty import Warranty, check_warranty
from hub.api.auth import Allowed, AllowedUpload
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.hand_bodies import Settlement
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.api.proof_bodies import OfferedProof, Proofs, UploadToken
from hub.api.reading import read
from schemas.events.proof import ProofAccepted, ProofOffered, ProofRefused
from schemas.refs import home_of

Offerer = Annotated[Principal, Depends(AllowedUpload(Permission.OFFER_PROOF))]
Asker = Annotated[Principal, Depends(Allowed(Permission.OFFER_PROOF))]
Reader = Annotated[Principal, Depends(Allowed(Permission.READ_PROOF))]
Decider = Annotated[Principal, Depends(Allowed(Permission.DECIDE_PROOF))]
Proof = Annotated[str, Path(pattern="^prf_[a-z2-7]{16}_[0-9]{1,9}$")]
OF_ONE = "/v1/warranties/{warranty}/proofs"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.post(
        "/v1/warranties/{warranty}/upload-token",
        tags=["proofs"],
        summary="Let somebody without an account send files",
        operation_id="giveUploadToken",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(UploadToken, "Good for minutes, and for this warranty alone.")},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(give_token)
    app.post(
        OF_ONE,
        tags=["proofs"],
        summary="Offer a proof of purchase",
        operation_id="offerProof",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
        openapi_extra=json_body(OfferedProof, KEY),
    )(offer)
    app.get(
        OF_ONE,
        tags=["proofs"],
        summary="Read the proofs of a warranty",
        operation_id="listProofs",
        response_class=Response,
        responses=answers(
            {200: answered(Proofs, "All of them, and what they amount to.")},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(list_proofs)
    for name, route, summary in (("accept", accept, "Accept"), ("refuse", refuse, "Refuse")):
        app.post(
            f"/v1/proofs/{{proof}}/{name}",
            tags=["proofs"],
            summary=f"{summary} a proof of purchase",
            operation_id=f"{name}Proof",
            status_code=201,
            response_class=Response,
            responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
            openapi_extra=json_body(Settlement, KEY),
        )(route)


async def give_token(request: Request, warranty: Warranty, caller: Asker) -> Response:
    """Give out a token with which a customer sends a receipt: `POST …/media`, then `POST …/proofs`."""
    await check_warranty(request, caller, warranty)
    signer = await parts_of(request).admission.token_keys.signer()
    token = upload_tokens.signed(signer, caller, warranty)
    said = UploadToken(token=token, expires_in=upload_tokens.SECONDS)
    headers = {"Cache-Control": "no-store"}
    return Response(said.model_dump_json(), 201, headers, "application/json")


async def offer(request: Request, warranty: Warranty, caller: Offerer) -> Response:
    """Show that a unit was bought. A reference to the sale's own order is accepted at once."""
    await check_warranty(request, caller, warranty)

    async def read_act() -> Act:
        body = await read(request, OfferedProof)
        fact = ProofOffered(
            warranty=warranty,
            media=body.media,
            invoice=body.invoice,
            why=body.note,
            by=actor(caller),
        )
        await _check_media(request, caller, fact)
        return Act(fact, home_of(warranty), warranty)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def _check_media(request: Request, caller: Principal, fact: ProofOffered) -> None:
    if fact.media is None:
        return
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        sql = "select 1 from media where id = $1 and warranty = $2"
        if not await queries.fetch(sql, fact.media, fact.warranty):
            detail = f"there is no file {fact.media} of warranty {fact.warranty}; send it first"
            raise NOT_FOUND.error(detail)


async def list_proofs(request: Request, warranty: Warranty, caller: Reader) -> Response:
    """Read what was offered, by whom, and what was decided of it and why."""
    await check_warranty(request, caller, warranty)
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await proofs.of_warranty(queries, warranty)
    return Response(found.model_dump_json(), media_type="application/json")


async def accept(request: Request, proof: Proof, caller: Decider) -> Response:
    """Say that it shows the purchase. Nobody decides what he offered himself."""
    return await _settle(request, proof, caller, ProofAccepted)


async def refuse(request: Request, proof: Proof, caller: Decider) -> Response:
    """Say why it does not show the purchase, in words its sender may read."""
    return await _settle(request, proof, caller, ProofRefused)


async def _settle(
    request: Request,
    proof: str,
    caller: Principal,
    model: type[ProofAccepted] | type[ProofRefused],
) -> Response:
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        if not await proofs.exists(queries, proof):
            raise NOT_FOUND.error(f"you have no proof {proof}; look for it at its warranty")

    async def read_act() -> Act:
        body = await read(request, Settlement)
        return Act(model(proof=proof, why=body.why, by=actor(caller)), home_of(proof), proof)

    return await acted(request, caller, parts_of(request).asker, read_act)
