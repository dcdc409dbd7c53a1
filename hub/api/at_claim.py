"""What is done to a claim or an effect that an address names, and what its door looks at first."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Path
from starlette.requests import Request

from hub.access.principals import Principal
from hub.adapters.postgres import Queries
from hub.api import claim_shelf, policy_shelf, shelf
from hub.api.claim_bodies import FiledClaim, ToldClaim
from hub.api.claim_documents import EffectDocument
from hub.api.claim_rows import Claim
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND, REJECTED, ProblemError
from hub.domain.policies.versions import policy_in_force
from schemas.events.claim import ClaimFiled
from schemas.events.parts import Contact
from schemas.policies.issue_types import IssueTypesPolicy
from schemas.refs import home_of

ClaimPath = Annotated[str, Path(pattern="^clm_[a-z2-7]{16}_[0-9]{1,9}$")]
EffectPath = Annotated[str, Path(pattern="^eff_[a-z2-7]{16}_[0-9]{1,9}$")]
MOST_NAMED = 50


def refused(code: str, message: str) -> ProblemError:
    """A refusal by a rule that is looked at here, as deciding would tell it."""
    return REJECTED.error(message, reasons=[{"code": code, "message": message}])


async def the_claim(request: Request, caller: Principal, claim: str) -> tuple[Claim, int]:
    """The claim of the path, and its version.

    Raises:
        ProblemError: 404 where it is not of the caller's tenant.

    """
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await claim_shelf.one(queries, claim)
    if found is None:
        raise NOT_FOUND.error(f"you have no claim {claim}; look for it in /v1/claims")
    return found


async def the_effect(request: Request, caller: Principal, effect: str) -> EffectDocument:
    """The effect of the path.

    Raises:
        ProblemError: 404 where it is not of the caller's tenant.

    """
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await claim_shelf.effect(queries, effect)
    if found is None:
        raise NOT_FOUND.error(f"you have no effect {effect}; look for it in /v1/effects")
    return found


async def filing(
    queries: Queries, body: ToldClaim, source: str, reference: str | None
) -> tuple[ClaimFiled, str]:
    """What a claim is told as, and the home that decides it.

    `source` is whose reference it is.

    Raises:
        ProblemError: 404 or 422, with what to do instead.

    """
    known = await claim_shelf.of_reference(queries, source, reference) if reference else None
    warranty = await _warranty(queries, body, known)
    check_incident(body.incident_on, body.zone)
    if known is None and body.issue is not None:
        await _check_issue(queries, body.issue, body.filed_at)
    await check_photos(queries, body.photos, warranty)
    given: dict[str, Any] = body.model_dump(exclude={"description", "customer", "reference"})
    fact = ClaimFiled(
        **given | {"warranty": warranty},
        source=source if reference and not isinstance(body, FiledClaim) else None,
        reference=reference,
        customer=Contact(**body.customer.model_dump()) if body.customer else None,
        words=body.description,
    )
    return fact, home_of(known[0] if known else warranty)


async def _warranty(queries: Queries, body: ToldClaim, known: tuple[str, str] | None) -> str:
    if body.warranty is not None:
        if not await shelf.exists(queries, body.warranty):
            detail = f"you have no warranty {body.warranty}; look for it in /v1/warranties"
            raise NOT_FOUND.error(detail)
        return body.warranty
    if body.serial is None:
        if known is None:
            message = "this claim is new: name its unit by `warranty` or by `serial`"
            raise refused("warranty_missing", message)
        return known[1]
    found = await claim_shelf.of_serial(queries, body.serial)
    if not found:
        detail = (
            "you have no unit with that serial; copy it from its label, letter by letter, or name "
            "the warranty by its id"
        )
        raise NOT_FOUND.error(detail)
    if len(found) > 1:
        message = f"several units have that serial; name one by `warranty`: {', '.join(found)}"
        raise refused("serial_ambiguous", message)
    return found[0]


def check_incident(incident_on: date | None, zone: str) -> None:
    """Refuse what has not happened yet.

    Raises:
        ProblemError: 422.

    """
    today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    if incident_on is not None and incident_on > today:
        message = f"the incident on {incident_on} is still to come: it is {today} in {zone}; correct the day"
        raise refused("incident_in_future", message)


async def _check_issue(queries: Queries, issue: str, at: datetime) -> None:
    found = await policy_shelf.versions(queries, "issue_types")
    force = policy_in_force(found, at)
    if force is None:
        return
    codes = [one.code for one in IssueTypesPolicy.model_validate_json(force.document).types]
    if issue not in codes:
        named = ", ".join(codes[:MOST_NAMED]) + (", …" if len(codes) > MOST_NAMED else "")
        raise refused("unknown_issue", f"there is no issue type {issue}; there are {named}")


async def check_photos(queries: Queries, photos: Sequence[str], warranty: str) -> None:
    """Refuse files that were not sent about this warranty.

    Raises:
        ProblemError: 404.

    """
    if missing := await claim_shelf.foreign(queries, photos, warranty):
        detail = (
            f"there is no file {missing[0]} of warranty {warranty}; send it first, "
            f"to /v1/warranties/{warranty}/media"
        )
        raise NOT_FOUND.error(detail)
