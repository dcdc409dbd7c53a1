"""Whether the audit's chain is as it was linked."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.audit_bodies import Verified, Verifying
from hub.api.auth import Allowed
from hub.api.describing import answered, answers
from hub.api.desk import speaking, tenant_of
from hub.api.encoding import document
from hub.api.parts import parts_of
from hub.audit import checks
from hub.audit.verifying import verify

Caller = Annotated[Principal, Depends(Allowed(Permission.VERIFY_AUDIT))]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/audit/verify",
        tags=["audit"],
        summary="Verify rows of the audit's chain",
        operation_id="verifyAudit",
        response_class=Response,
        responses=answers(
            {200: answered(Verified, "Whether they hold, and the first that does not.")},
            problems.INVALID,
        ),
    )(verify_audit)


async def verify_audit(
    request: Request, caller: Caller, wanted: Annotated[Verifying, Query()]
) -> Response:
    """Hash some rows anew, and compare them with one another and with the signed heads."""
    tenant = tenant_of(caller, wanted)
    async with speaking(request, caller, wanted) as queries:
        trusted = parts_of(request).trusted
        now = await verify(queries, tenant, trusted, after=wanted.after, most=wanted.rows)
        before = await checks.newest(queries, tenant)
    onwards = None if now.ended or not now.holds else now.last
    return document(Verified(now=now, before=before, next=onwards))
