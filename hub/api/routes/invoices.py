"""Send Warranty with Invoice, at its published path: posted, deleted, answered as published."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access import basic
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.access.tenants import NAME
from hub.api.answers import LATER, Reply
from hub.api.auth import AllowedBasic
from hub.api.bodies import VISIBLE
from hub.api.invoice import bulk
from hub.api.invoice.body import read_bulk, read_invoice
from hub.api.invoice.catalogue import known
from hub.api.invoice.describing import describe
from hub.api.invoice.faults import InvoiceError
from hub.api.invoice.meaning import meaning_of, order_of
from hub.api.invoice.numbers import numbers_of
from hub.api.invoice.posting import fits, submission
from hub.api.invoice.rendering import (
    Lines,
    error,
    lines_of,
    no_merchant,
    render,
    warranties,
    wrong,
)
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND, UNAUTHENTICATED, ProblemError
from hub.api.reading import read_bytes
from hub.api.submission import traceparent_of
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError, StoreUnavailableError
from schemas.events.sale import SaleDeleted, SaleRecorded

ROOT = "/individual-customers/warranty/invoice"
AWAY = "our store or event log does not answer; send the same request again"
UNSURE = "it was sent and nobody confirmed it; send the same request again: it counts once"
BULK = f"{ROOT}/with-product-code/bulk"
DESCRIBED = f"{ROOT}/openapi.json"
Bulk = Annotated[str, Path(pattern="^req_[0-9a-f]{32}$")]
TOO_LARGE = "report fewer products under one order"


class _MerchantError(ProblemError):
    """Nobody's merchant, or not this caller's: both are told the same."""

    def __init__(self) -> None:
        """Count as nothing found."""
        super().__init__(NOT_FOUND, "merchant_unknown")

    def response(self) -> Response:
        """The published answer."""
        return no_merchant().response()


@dataclass(frozen=True, slots=True)
class AllowedMerchant(AllowedBasic):
    """HTTP Basic of a user of the merchant whose code stands in the query."""

    async def __call__(
        self, request: Request, merchant: Annotated[str, Query(alias="merchantCode")] = ""
    ) -> Principal:
        """Whoever shows a user and password that are not this merchant's learns of no merchant."""
        tenant = merchant if NAME.match(merchant) else ""
        try:
            return await AllowedBasic.__call__(self, request, tenant)
        except ProblemError as problem:
            shown = basic.shown(request.headers.get("authorization", ""))
            if problem.kind is UNAUTHENTICATED and shown is not None:
                raise _MerchantError from problem
            raise


MAY = AllowedMerchant(Permission.SUBMIT_ACTIVATION)


def add_to(app: FastAPI) -> None:
    """Add the routes of this file; they have a description of their own."""
    app.post(f"{ROOT}/with-product-code", include_in_schema=False)(send)
    app.get(DESCRIBED, include_in_schema=False)(read_description)
    app.post(BULK, include_in_schema=False)(send_bulk)
    app.get(f"{BULK}/{{request_id}}", include_in_schema=False)(read_bulk_result)
    app.delete(f"{ROOT}/{{order}}", include_in_schema=False)(delete)


async def read_description(request: Request) -> Response:
    """Read the description of this API."""
    document = describe(ROOT, request.app.version)
    return Reply(200, document).response()


async def send(request: Request, caller: Annotated[Principal, Depends(MAY)]) -> Response:
    """Report what was sold; the same again counts once and hears the first answer."""
    try:
        invoice = read_invoice(await read_bytes(request))
        merchant, catalogue = await known(parts_of(request).database, caller.tenant, [invoice])
        fact = meaning_of(invoice, merchant, datetime.now(UTC), catalogue)
    except InvoiceError as found:
        return wrong(found).response()
    except StoreUnavailableError:
        return _unavailable(AWAY).response()
    return await _answered(request, caller, fact, lines_of(invoice))


async def send_bulk(request: Request, caller: Annotated[Principal, Depends(MAY)]) -> Response:
    """Report up to 50 invoices: all are taken in, or none. What becomes of each is read later."""
    try:
        invoices = read_bulk(await read_bytes(request))
        merchant, catalogue = await known(parts_of(request).database, caller.tenant, invoices)
        facts = bulk.meanings(invoices, merchant, datetime.now(UTC), catalogue)
    except InvoiceError as found:
        return wrong(found).response()
    except StoreUnavailableError:
        return _unavailable(AWAY).response()
    number, trace = bulk.new_bulk(caller), traceparent_of(request)
    events = [
        submission(fact, caller, bulk.key_of(number, place), trace)
        for place, fact in enumerate(facts)
    ]
    if not all(map(fits, events)):
        return error(413, "too_large", TOO_LARGE).response()
    parts = parts_of(request)

    async def take_in() -> Reply:
        async with parts.database.speaking_for(caller.tenant) as queries:
            await bulk.keep(queries, caller, number, invoices)
        await parts.asker.take_in(events)
        here = f"{BULK}/{number}?merchantCode={caller.tenant}"
        return Reply(202, {"requestId": number}, {"Location": here})

    return (await _or_away(take_in)).response()


async def read_bulk_result(
    request: Request, caller: Annotated[Principal, Depends(MAY)], request_id: Bulk
) -> Response:
    """Read what became of each invoice of a bulk; `state` is `done` when all are decided."""
    parts = parts_of(request)

    async def look() -> Reply:
        async with parts.database.speaking_for(caller.tenant) as queries:
            kept = await bulk.read(queries, caller, request_id)
            if kept is None:
                message = "you sent no bulk of this requestId; correct it"
                return error(404, "request_unknown", message)
            found = await bulk.became(queries, parts.asker, caller, request_id, kept)
        return Reply(200, found, dict(LATER) if found["state"] == bulk.WAITING else {})

    return (await _or_away(look)).response()


async def delete(
    request: Request,
    caller: Annotated[Principal, Depends(MAY)],
    order: Annotated[str, Path(max_length=200, pattern=VISIBLE)],
    seller: Annotated[str, Query(alias="sellerCode", max_length=190, pattern=VISIBLE)],
) -> Response:
    """Take back an order with all its warranties, as often as you like."""
    seller = seller.strip()
    about = order_of(seller, order.strip())
    fact = SaleDeleted(order=about, deleted_at=datetime.now(UTC), branch=seller)
    return await _answered(request, caller, fact, Lines())


async def _answered(
    request: Request, caller: Principal, fact: SaleRecorded | SaleDeleted, lines: Lines
) -> Response:
    # Nobody names requests here: a repeat is known by its order.
    one = submission(fact, caller, token_hex(16), traceparent_of(request))
    if not fits(one):
        return error(413, "too_large", TOO_LARGE).response()
    parts = parts_of(request)

    async def ask() -> Reply:
        told = await parts.asker.ask(one)
        async with parts.database.speaking_for(caller.tenant) as queries:
            return render(told, lines, await numbers_of(queries, warranties(told)))

    return (await _or_away(ask)).response()


async def _or_away(act: Callable[[], Awaitable[Reply]]) -> Reply:
    """What it leads to, or that something of ours is away and the same may be sent again."""
    try:
        return await act()
    except (StoreUnavailableError, BrokerAwayError):
        return _unavailable(AWAY)
    except BrokerUnavailableError:
        return _unavailable(UNSURE)


def _unavailable(message: str) -> Reply:
    reply = error(503, "unavailable", message)
    return Reply(reply.status, reply.document, dict(LATER))
