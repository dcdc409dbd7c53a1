"""The API's description: OpenAPI 3.1, with examples that the tests post."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from hub.access.permissions import Permission
from hub.api import problems
from hub.api.access_bodies import (
    Forgot,
    GivenKey,
    Invited,
    KeyList,
    Login,
    NewKey,
    NewRole,
    People,
    Refresh,
    Reset,
    Self,
    ShownKey,
    ShownPerson,
    Tokens,
)
from hub.api.audit_bodies import DrawnSample, Samples, Verified, WrittenReview
from hub.api.auth import Allowed, AllowedBasic, AllowedUpload
from hub.api.bodies import Activation, examples
from hub.api.claim_bodies import CLAIM_BODIES
from hub.api.claim_documents import ClaimDocument, ClaimPage, Costs, EffectDocument, EffectPage
from hub.api.coverage_bodies import CoverageOnDay
from hub.api.customer_documents import CustomerDocument, CustomerHistory
from hub.api.delivery_bodies import (
    AskedDeliveryReplay,
    ChangedEndpoint,
    NewEndpoint,
    Rotated,
    TriedDeliveryReplay,
)
from hub.api.delivery_documents import (
    AddedEndpoint,
    DeletedEndpoint,
    DeliveryPage,
    DeliveryReplayCount,
    DeliveryReplayPage,
    EndpointPage,
    LiveSecrets,
    ShownSecret,
    TestSent,
)
from hub.api.documents import (
    Problem,
    ProposalDocument,
    ProposalPage,
    RequestState,
    WarrantyPage,
    WarrantyWithHistory,
)
from hub.api.effect_bodies import EFFECT_BODIES
from hub.api.explained_documents import EXPLAINED
from hub.api.hand_bodies import CustomerMergeBody, Override, Settlement, StatusChange
from hub.api.idempotency import HEADER, PATTERN, REPLAYED
from hub.api.item_bodies import AskedBulk, AskedReplay, Mended, TriedBulk, Wish, WrittenNote
from hub.api.item_documents import (
    BulkPage,
    Dependencies,
    Groups,
    Noted,
    NotePage,
    ReplayPage,
    Stopped,
    Wished,
)
from hub.api.policy_bodies import GoLive, MapPublication, Publication
from hub.api.policy_documents import (
    PolicyDiff,
    PolicyDocument,
    PolicyList,
    PolicyVersionDocument,
    Setup,
)
from hub.api.privacy_bodies import TakenIn, Whom
from hub.api.problems import Kind
from hub.api.product_bodies import CategoryDescription, ProductDescription
from hub.api.product_documents import (
    CategoryDocument,
    CategoryPage,
    ProductDocument,
    ProductPage,
    StockDocument,
)
from hub.api.proof_bodies import OfferedProof, Proofs, SentMedia, UploadToken
from hub.api.unit_bodies import NewOwner, NewSerial
from hub.audit.samples.reviews import SampleDocument
from hub.delivery.endpoints import Endpoint
from hub.delivery.reading import DeliveryWithAttempts
from hub.delivery.replay import DeliveryReplay
from hub.domain.problems import MEDIA_TYPE, URN
from hub.privacy.exporting import Export
from hub.privacy.requests import Request
from hub.recovery.bulk_progress import Bulk
from hub.recovery.counting import Counts
from hub.recovery.editing import Edited
from hub.recovery.items import ItemPage
from hub.recovery.opening import Opened
from hub.recovery.rehearsed import ManyRehearsed, Rehearsal
from hub.recovery.replay_asking import Replay
from hub.recovery.showing import Shown
from hub.trail import audit
from hub.trail.way import Trace

SCHEMAS = "#/components/schemas/{model}"
RETRYING = frozenset(
    {problems.STORE_AWAY, problems.BROKER_AWAY, problems.OUTCOME_UNKNOWN, problems.LIMITED}
)
ABOUT = """\
Report sales and registrations, hear at once what was decided, and read what is covered.

Every answer that is no success is a problem (RFC 9457): `type` and `code` say what it is, `detail`
says what to do next. Dates are dates in the merchant's zone, and an expiry day is still covered.
"""
MODELS = (
    *(Activation, Problem, RequestState, WarrantyPage, WarrantyWithHistory),
    *(NewSerial, NewOwner, CoverageOnDay),
    *(AskedBulk, AskedReplay, Mended, TriedBulk, Wish, WrittenNote),
    *(Login, Refresh, Forgot, Reset, Tokens, Self),
    *(Invited, NewRole, People, ShownPerson, NewKey, KeyList, ShownKey, GivenKey),
    *(DrawnSample, WrittenReview),
    Whom,
    *(Publication, MapPublication, GoLive, StatusChange, Settlement, Override),
    *(ProposalPage, ProposalDocument),
    *(OfferedProof, Proofs, SentMedia, UploadToken),
    *(CustomerDocument, CustomerHistory, CustomerMergeBody),
    *(PolicyList, PolicyDocument, PolicyVersionDocument, PolicyDiff, Setup),
    *(ProductDescription, CategoryDescription),
    *(ProductPage, ProductDocument, CategoryPage, CategoryDocument, StockDocument),
    *(*CLAIM_BODIES, *EFFECT_BODIES, *EXPLAINED),
    *(ClaimDocument, ClaimPage, Costs, EffectDocument, EffectPage),
    *(NewEndpoint, ChangedEndpoint, Rotated, TriedDeliveryReplay, AskedDeliveryReplay),
)
STRUCTS = (
    *(Trace, audit.Page),
    *(ItemPage, Groups, Counts, Dependencies, Shown, Opened, Edited, Rehearsal, ManyRehearsed),
    *(Wished, Noted, NotePage, Bulk, BulkPage, Stopped, Replay, ReplayPage),
    *(Verified, Samples, SampleDocument),
    *(TakenIn, Request, Export),
    *(Endpoint, EndpointPage, AddedEndpoint, ShownSecret, LiveSecrets, DeletedEndpoint, TestSent),
    *(DeliveryPage, DeliveryWithAttempts),
    *(DeliveryReplay, DeliveryReplayPage, DeliveryReplayCount),
)
Responses = dict[int | str, dict[str, Any]]


def answers(good: Mapping[int, dict[str, Any]], *kinds: Kind) -> Responses:
    """What a route may answer: these, its own problems, and those that every route may meet."""
    return public_answers(good, *problems.EVERYWHERE, *kinds)


def public_answers(good: Mapping[int, dict[str, Any]], *kinds: Kind) -> Responses:
    """The same for a route that asks nobody who he is."""
    by_status: dict[int, list[Kind]] = {}
    for kind in (*kinds, *(one for one in problems.ANYWAY if one not in kinds)):
        by_status.setdefault(kind.status, []).append(kind)
    described: Responses = dict(good.items())
    return described | {status: _problem(same) for status, same in sorted(by_status.items())}


def _problem(kinds: list[Kind]) -> dict[str, Any]:
    described = {
        "description": "  \n".join(f"`{kind.code}`: {kind.when}" for kind in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": SCHEMAS.format(model="Problem")},
                "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
            }
        },
    }
    if any(kind is problems.UNAUTHENTICATED for kind in kinds):
        described["headers"] = {"WWW-Authenticate": _header("How to show a key.", required=True)}
    elif any(kind in RETRYING for kind in kinds):
        described["headers"] = {"Retry-After": _header("Seconds.")}
    return described


def _example(kind: Kind) -> dict[str, Any]:
    return {
        "type": f"{URN}{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.when,
        "code": kind.code,
    }


def _header(description: str, *, required: bool = False) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "required": required}


def answered(
    model: type, description: str, headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An answer with a document of ours."""
    schema = {"$ref": SCHEMAS.format(model=model.__name__)}
    described: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    return described | ({"headers": headers} if headers else {})


ITEM_TAG = {"ETag": _header("The version of the item; give it back as If-Match.", required=True)}


def json_body(model: type[BaseModel], *parameters: dict[str, Any]) -> dict[str, Any]:
    """A body that a route reads by itself, with the example that its model has."""
    (example,) = model.model_json_schema()["examples"]
    content = {"schema": {"$ref": SCHEMAS.format(model=model.__name__)}, "example": example}
    return {
        "requestBody": {"required": True, "content": {"application/json": content}},
        "parameters": list(parameters),
    }


MAY_ACT = (
    problems.NOT_JSON,
    problems.BAD_KEY,
    problems.TOO_SLOW,
    problems.CONFLICT,
    problems.IN_PROGRESS,
    problems.TOO_LARGE,
    problems.UNSUPPORTED,
    problems.INVALID,
    problems.REJECTED,
    problems.GIVEN_UP,
    problems.KEY_REUSED,
    problems.BROKER_AWAY,
    problems.OUTCOME_UNKNOWN,
)
"""What may be answered to whatever is decided while its caller waits."""
KEY: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Names this request, so that repeating it counts once. "
    "Made and told in the answer where it is absent.",
    "schema": {"type": "string", "pattern": PATTERN},
}


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """A body that a route reads by itself."""
    shown = {name: {"summary": summary, "value": body} for name, summary, body in examples()}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": SCHEMAS.format(model=model.__name__)},
                    "examples": shown,
                }
            },
        },
        "parameters": [KEY],
    }


_KEPT = {
    HEADER: _header("The key under which to repeat this request.", required=True),
    "Location": _header("What it led to, where it is one thing; else the request.", required=True),
    REPLAYED: _header("`true` where this is the first answer again."),
}
_LINKS = {
    "request": {
        "operationId": "readRequest",
        "parameters": {"request": "$response.body#/id"},
    },
    "warranty": {
        "operationId": "readWarranty",
        "parameters": {"warranty": "$response.body#/warranties/0/id"},
    },
}
SUBMITTED: dict[int, dict[str, Any]] = {
    201: answered(RequestState, "Accepted: cover has started.", _KEPT) | {"links": _LINKS},
    200: answered(RequestState, "Known already; the first answer again.", _KEPT)
    | {"links": _LINKS},
    202: answered(RequestState, "Taken in and kept; ask at Location what was decided.", _KEPT)
    | {"links": {"request": _LINKS["request"]}},
}

ACTED: dict[int, dict[str, Any]] = {
    201: answered(RequestState, "Done.", _KEPT) | {"links": {"request": _LINKS["request"]}},
    200: answered(RequestState, "Done before; the first answer again.", _KEPT)
    | {"links": {"request": _LINKS["request"]}},
    202: SUBMITTED[202],
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, with every model under one name."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=ABOUT, routes=app.routes
        )
        components = document.setdefault("components", {})
        components["schemas"] = dict(sorted((components.get("schemas", {}) | _schemas()).items()))
        components["securitySchemes"] = {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "whk_<live|test>_<id>_<secret>_<checksum>, or an access token",
            }
        }
        document["security"] = [{"key": []}]
        _show_permissions(app, document)
        document["servers"] = [{"url": "/", "description": "Where this document is read."}]
        app.openapi_schema = document
    return app.openapi_schema


def permission_of(route: BaseRoute) -> Permission | None:
    """What a route asks of its caller; None where it is public."""
    if not isinstance(route, APIRoute):
        return None
    asked = [one.call for one in route.dependant.dependencies]
    return next(
        (
            one.permission
            for one in asked
            if isinstance(one, (Allowed, AllowedBasic, AllowedUpload))
        ),
        None,
    )


def _show_permissions(app: FastAPI, document: dict[str, Any]) -> None:
    """Say with each operation which permission it needs, from the dependency that asks for it."""
    for route in app.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        permission = permission_of(route)
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            if permission is None:
                operation["security"] = []
            else:
                operation["x-permission"] = permission.value


def _schemas() -> dict[str, Any]:
    """What is posted and answered, from the very classes that read and write it."""
    models = [(model, "validation") for model in MODELS]
    _, ours = models_json_schema(models, ref_template=SCHEMAS)  # type: ignore[arg-type]
    _, trails = msgspec.json.schema_components(
        STRUCTS, ref_template=SCHEMAS.replace("model", "name")
    )
    return {**trails, **ours["$defs"]}
