"""The monthly sample: drawn, read, and reviewed record by record."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.audit_bodies import DrawnSample, ListedSamples, Samples, WrittenReview
from hub.api.auth import Allowed
from hub.api.describing import answered, answers, json_body
from hub.api.desk import Whose, speaking, tenant_of
from hub.api.encoding import document
from hub.api.reading import MAY_READ, read
from hub.audit.samples.drawing import Wish, draw, some_seed
from hub.audit.samples.reviews import SampleDocument, read_sample, review, samples

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_AUDIT))]
Drawer = Annotated[Principal, Depends(Allowed(Permission.SAMPLE_AUDIT))]
Reviewer = Annotated[Principal, Depends(Allowed(Permission.REVIEW_AUDIT))]
Name = Annotated[str, Path(pattern="^smp_[A-Za-z0-9._-]{1,150}$")]
Place = Annotated[int, Path(ge=1, le=1_000)]
ALL, ONE = "/v1/audit/samples", "/v1/audit/samples/{sample}"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    one = answered(SampleDocument, "The sample, with its records, checklists and reviews.")
    app.get(
        ALL,
        tags=["audit"],
        summary="List samples",
        operation_id="listSamples",
        response_class=Response,
        responses=answers({200: answered(Samples, "Newest month first.")}, problems.INVALID),
    )(list_samples)
    app.post(
        ALL,
        tags=["audit"],
        summary="Draw a sample of closed records",
        operation_id="drawSample",
        status_code=201,
        response_class=Response,
        responses=answers({201: one, 200: one}, problems.NOT_POSSIBLE, *MAY_READ),
        openapi_extra=json_body(DrawnSample),
    )(draw_sample)
    app.get(
        ONE,
        tags=["audit"],
        summary="Read a sample",
        operation_id="readSample",
        response_class=Response,
        responses=answers({200: one}, problems.NOT_FOUND, problems.INVALID),
    )(show_sample)
    app.post(
        f"{ONE}/records/{{place}}/review",
        tags=["audit"],
        summary="Review a record of a sample",
        operation_id="reviewRecord",
        status_code=201,
        response_class=Response,
        responses=answers({201: one}, problems.NOT_FOUND, problems.NOT_POSSIBLE, *MAY_READ),
        openapi_extra=json_body(WrittenReview),
    )(review_record)


async def list_samples(
    request: Request, caller: Reader, wanted: Annotated[ListedSamples, Query()]
) -> Response:
    """List what was drawn, and how much of it was reviewed."""
    async with speaking(request, caller, wanted) as queries:
        found = await samples(queries, tenant_of(caller, wanted), only_open=wanted.open)
    return document(Samples(samples=found))


async def draw_sample(
    request: Request, caller: Drawer, whose: Annotated[Whose, Query()]
) -> Response:
    """Draw records that were closed in a month; the same month, size and seed find what was drawn first."""
    body = await read(request, DrawnSample)
    tenant = tenant_of(caller, whose)
    seed = body.seed or some_seed()
    wish = Wish(tenant=tenant, month=body.month, size=body.size, seed=seed)
    async with speaking(request, caller, whose) as queries:
        is_new = await draw(queries, wish, caller.by)
        drawn = await read_sample(queries, tenant, wish.id)
    return document(drawn, 201 if is_new else 200)


async def show_sample(
    request: Request, caller: Reader, sample: Name, whose: Annotated[Whose, Query()]
) -> Response:
    """Read a sample with its records, what is to be looked at, and what was found."""
    async with speaking(request, caller, whose) as queries:
        return document(await read_sample(queries, tenant_of(caller, whose), sample))


async def review_record(
    request: Request, caller: Reviewer, sample: Name, place: Place, whose: Annotated[Whose, Query()]
) -> Response:
    """Say what was found of one record, once and for ever; nobody reviews what he had a part in."""
    body = await read(request, WrittenReview)
    tenant = tenant_of(caller, whose)
    async with speaking(request, caller, whose) as queries:
        await review(
            queries,
            tenant,
            sample,
            place,
            findings=body.found(),
            by=caller.by,
            known_as=(caller.name, caller.signature),
        )
        return document(await read_sample(queries, tenant, sample), 201)
