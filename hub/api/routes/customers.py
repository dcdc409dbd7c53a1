"""Customers: who they are, what they have, and that two of them are one person."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import customers, problems
from hub.api.acting import Act, acted, actor
from hub.api.auth import Allowed
from hub.api.customer_documents import CustomerDocument, CustomerHistory
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.hand_bodies import CustomerMergeBody, Settlement
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.api.reading import read
from schemas.events.customer import CustomerMergeRequested, CustomerMergeUndone
from schemas.refs import customer_home

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_CUSTOMER))]
Merger = Annotated[Principal, Depends(Allowed(Permission.MERGE_CUSTOMER))]
Customer = Annotated[str, Path(pattern="^cus_[a-z2-7]{16}$")]
ROOT = "/v1/customers/{customer}"
PRIVATE = {"Cache-Control": "no-store"}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    reads: tuple[tuple[str, Any, str, str, type, str], ...] = (
        (
            ROOT,
            read_customer,
            "Read a customer",
            "readCustomer",
            CustomerDocument,
            "As it stands.",
        ),
        (
            f"{ROOT}/history",
            read_history,
            "Read what a customer bought and registered",
            "readCustomerHistory",
            CustomerHistory,
            "In order.",
        ),
    )
    for path, route, summary, name, model, words in reads:
        app.get(
            path,
            tags=["customers"],
            summary=summary,
            operation_id=name,
            response_class=Response,
            responses=answers(
                {200: answered(model, words)},
                problems.NOT_FOUND,
                problems.INVALID,
                problems.NOT_POSSIBLE,
            ),
        )(route)
    acts: tuple[tuple[str, Any, str, str, Any], ...] = (
        (
            f"{ROOT}/merge",
            merge,
            "Say that two customers are one",
            "mergeCustomer",
            CustomerMergeBody,
        ),
        (f"{ROOT}/unmerge", unmerge, "Take a merge back", "unmergeCustomer", Settlement),
    )
    for path, route, summary, name, body in acts:
        app.post(
            path,
            tags=["customers"],
            summary=summary,
            operation_id=name,
            status_code=201,
            response_class=Response,
            responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
            openapi_extra=json_body(body, KEY),
        )(route)


async def read_customer(request: Request, customer: Customer, caller: Reader) -> Response:
    """Read who it is, by what they are known, what was given otherwise, and what should be looked at."""
    parts = parts_of(request)
    async with parts.database.speaking_for(caller.tenant) as queries:
        found = await customers.one(queries, parts.today.keyring, caller.tenant, customer)
    if found is None:
        raise _unknown(customer)
    return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)


async def read_history(request: Request, customer: Customer, caller: Reader) -> Response:
    """Read sales, registrations and warranties, of those who are merged into this customer, too."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await customers.history(queries, customer)
    if found is None:
        raise _unknown(customer)
    return Response(found.model_dump_json(), media_type="application/json", headers=PRIVATE)


async def merge(request: Request, customer: Customer, caller: Merger) -> Response:
    """Have a customer read as another from now on. What was decided stays, and so it can be undone."""
    await _check(request, caller, customer)

    async def read_act() -> Act:
        body = await read(request, CustomerMergeBody)
        fact = CustomerMergeRequested(
            customer=customer, into=body.into, why=body.why, by=actor(caller)
        )
        return Act(fact, customer_home(customer), customer)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def unmerge(request: Request, customer: Customer, caller: Merger) -> Response:
    """Have two who were read as one be two again, as if nobody had ever merged them."""
    await _check(request, caller, customer)

    async def read_act() -> Act:
        body = await read(request, Settlement)
        fact = CustomerMergeUndone(customer=customer, why=body.why, by=actor(caller))
        return Act(fact, customer_home(customer), customer)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def _check(request: Request, caller: Principal, customer: str) -> None:
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        if not await customers.exists(queries, customer):
            raise _unknown(customer)


def _unknown(customer: str) -> problems.ProblemError:
    return NOT_FOUND.error(
        f"you have no customer {customer}; a warranty of /v1/warranties names its customer"
    )
