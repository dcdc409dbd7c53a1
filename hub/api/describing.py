"""The API's description: OpenAPI 3.1, with examples that the tests post."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hub.api import problems
from hub.api.bodies import Activation, examples
from hub.api.documents import Problem, RequestState, WarrantyPage, WarrantyWithHistory
from hub.api.idempotency import HEADER, REPLAYED
from hub.api.problems import Kind
from hub.domain.problems import MEDIA_TYPE, URN
from hub.trail import audit
from hub.trail.way import Trace

SCHEMAS = "#/components/schemas/{model}"
RETRYING = frozenset({problems.STORE_AWAY, problems.BROKER_AWAY, problems.OUTCOME_UNKNOWN})
ABOUT = """\
Report sales and registrations, hear at once what was decided, and read what is covered.

Every answer that is no success is a problem (RFC 9457): `type` and `code` say what it is, `detail`
says what to do next. Dates are dates in the merchant's zone, and an expiry day is still covered.
"""
MODELS = (Activation, Problem, RequestState, WarrantyPage, WarrantyWithHistory)
STRUCTS = (Trace, audit.Page)
Responses = dict[int | str, dict[str, Any]]


def answers(good: Mapping[int, dict[str, Any]], *kinds: Kind) -> Responses:
    """What a route may answer: these, its own problems, and those that every route may meet."""
    by_status: dict[int, list[Kind]] = {}
    for kind in (*problems.EVERYWHERE, *kinds):
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
        "parameters": [
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "Names this request, so that repeating it counts once. "
                "Made and told in the answer where it is absent.",
                "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,198}[!-~])?$"},
            }
        ],
    }


_KEPT = {
    HEADER: _header("The key under which to repeat this request.", required=True),
    "Location": _header("The warranty, where there is one; else the request.", required=True),
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


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, with every model under one name."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=ABOUT, routes=app.routes
        )
        components = document.setdefault("components", {})
        components["schemas"] = dict(sorted((components.get("schemas", {}) | _schemas()).items()))
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "bearerFormat": "whk_<id>_<secret>"}
        }
        document["security"] = [{"key": []}]
        document["servers"] = [{"url": "/", "description": "Where this document is read."}]
        app.openapi_schema = document
    return app.openapi_schema


def _schemas() -> dict[str, Any]:
    """What is posted and answered, from the very classes that read and write it."""
    models = [(model, "validation") for model in MODELS]
    _, ours = models_json_schema(models, ref_template=SCHEMAS)  # type: ignore[arg-type]
    _, trails = msgspec.json.schema_components(
        STRUCTS, ref_template=SCHEMAS.replace("model", "name")
    )
    return {**trails, **ours["$defs"]}
