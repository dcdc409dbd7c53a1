"""Categories of products: described by whoever may, read by staff."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.api import problems, product_shelf
from hub.api.asking import asked
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.api.product_bodies import CategoryDescription, CategoryFilters
from hub.api.product_documents import CategoryDocument, CategoryPage
from hub.api.reading import read
from hub.api.routes.products import Code, Describer, Reader
from hub.api.submission import Report, reported, traceparent_of
from hub.ledger.submit import Submission
from schemas.refs import category_home


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/categories",
        tags=["catalogue"],
        summary="List categories",
        operation_id="listCategories",
        response_class=Response,
        responses=answers({200: answered(CategoryPage, "A page, by id.")}, problems.INVALID),
    )(list_categories)
    app.get(
        "/v1/categories/{code}",
        tags=["catalogue"],
        summary="Read a category",
        operation_id="readCategory",
        response_class=Response,
        responses=answers(
            {200: answered(CategoryDocument, "As it stands.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(read_category)
    app.put(
        "/v1/categories/{code}",
        tags=["catalogue"],
        summary="Describe a category",
        operation_id="describeCategory",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT),
        openapi_extra=json_body(CategoryDescription, KEY),
    )(describe_category)


async def list_categories(
    request: Request, caller: Reader, filters: Annotated[CategoryFilters, Query()]
) -> Response:
    """List categories. What was decided is here at once."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found, cursor = await product_shelf.categories(queries, filters)
    page = CategoryPage(categories=found, cursor=cursor)
    return Response(page.model_dump_json(), media_type="application/json")


async def read_category(request: Request, code: Code, caller: Reader) -> Response:
    """Read a category and its terms."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await product_shelf.category(queries, code)
    if found is None:
        raise NOT_FOUND.error("you have no such category; look for it in /v1/categories")
    return Response(found.model_dump_json(), media_type="application/json")


async def describe_category(request: Request, code: Code, caller: Describer) -> Response:
    """Say all of a category; what is left out is no longer so.

    Of two descriptions the later counts, whichever comes last. Repeat it under the same
    `Idempotency-Key` as often as needed: it counts once.
    """

    async def make(key: str) -> Submission:
        fact, now = (await read(request, CategoryDescription)).fact(code), datetime.now(UTC)
        home = category_home(caller.tenant, fact.code)
        trace = traceparent_of(request)
        report = Report("categories", fact, now, home)
        return reported(report, caller, f"{fact.code}/{key}", trace)

    return await asked(request, parts_of(request).catalog, make)
