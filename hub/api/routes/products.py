"""Products and their stock: described by whoever may, read by staff."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems, product_shelf
from hub.api.asking import asked
from hub.api.auth import Allowed
from hub.api.bodies import VISIBLE
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.api.product_bodies import ProductDescription, ProductFilters
from hub.api.product_documents import ProductDocument, ProductPage, StockDocument
from hub.api.reading import read
from hub.api.submission import Report, reported, traceparent_of
from hub.ledger.submit import Submission
from schemas.refs import product_home

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_PRODUCT))]
Describer = Annotated[Principal, Depends(Allowed(Permission.DESCRIBE_PRODUCT))]
Code = Annotated[str, Path(min_length=1, max_length=200, pattern=VISIBLE)]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/products",
        tags=["catalogue"],
        summary="List products",
        operation_id="listProducts",
        response_class=Response,
        responses=answers({200: answered(ProductPage, "A page, by id.")}, problems.INVALID),
    )(list_products)
    app.get(
        "/v1/products/{code}",
        tags=["catalogue"],
        summary="Read a product",
        operation_id="readProduct",
        response_class=Response,
        responses=answers(
            {200: answered(ProductDocument, "As it stands.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(read_product)
    app.put(
        "/v1/products/{code}",
        tags=["catalogue"],
        summary="Describe a product",
        operation_id="describeProduct",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT),
        openapi_extra=json_body(ProductDescription, KEY),
    )(describe_product)
    app.get(
        "/v1/products/{code}/stock",
        tags=["catalogue"],
        summary="Read the stock of a product",
        operation_id="readStock",
        response_class=Response,
        responses=answers(
            {200: answered(StockDocument, "By branch.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(read_stock)


async def list_products(
    request: Request, caller: Reader, filters: Annotated[ProductFilters, Query()]
) -> Response:
    """List what fits all filters. What was decided is here at once."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found, cursor = await product_shelf.products(queries, filters)
    page = ProductPage(products=found, cursor=cursor)
    return Response(page.model_dump_json(), media_type="application/json")


async def read_product(request: Request, code: Code, caller: Reader) -> Response:
    """Read a product by its code, or by its id where it has none."""
    found = await _found(request, caller, code)
    return Response(found.model_dump_json(), media_type="application/json")


async def describe_product(request: Request, code: Code, caller: Describer) -> Response:
    """Say all of a product; what is left out is no longer so.

    Of two descriptions the later counts, whichever comes last; a sale changes none. Repeat it under
    the same `Idempotency-Key` as often as needed: it counts once.
    """

    async def make(key: str) -> Submission:
        fact, now = (await read(request, ProductDescription)).fact(code), datetime.now(UTC)
        home = product_home(caller.tenant, fact.code)
        trace = traceparent_of(request)
        report = Report("products", fact, now, home)
        return reported(report, caller, f"{fact.code}/{key}", trace)

    return await asked(request, parts_of(request).catalog, make)


async def read_stock(request: Request, code: Code, caller: Reader) -> Response:
    """Read how many of a product there are: the sum of its movements, branch by branch."""
    found = await _found(request, caller, code)
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        stock = await product_shelf.stock(queries, found.code or code)
    return Response(stock.model_dump_json(), media_type="application/json")


async def _found(request: Request, caller: Principal, code: str) -> ProductDocument:
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await product_shelf.product(queries, code)
    if found is None:
        raise NOT_FOUND.error("you have no such product; look for it in /v1/products")
    return found
