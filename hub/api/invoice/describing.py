"""The published API as OpenAPI 3.1: its vendor describes it in prose, this is what is held here."""

from typing import Any, get_args

from hub.api.bodies import BLANK, VISIBLE
from hub.api.invoice.body import MOST_IN_BULK
from hub.domain.orders import MAX_UNITS
from hub.domain.phones import Country
from hub.domain.problems import MEDIA_TYPE

Doc = dict[str, Any]
NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
EMAIL = rf"[^@{BLANK}]+@[^@{BLANK}]+"
MOMENT = r"^\s*([0-9]{2}-[0-9]{2}-[0-9]{4} [0-9]{2}:[0-9]{2})?\s*$"
REQUEST = "^req_[0-9a-f]{32}$"
COUNTRIES: list[str] = [*get_args(Country)]
MERCHANT: Doc = {
    "name": "merchantCode",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}


def _must(most: int) -> Doc:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": VISIBLE}


def _may(most: int) -> Doc:
    """Blank is as good as absent."""
    return {"type": ["string", "null"], "maxLength": most, "pattern": NO_CONTROLS}


def _object(required: list[str], **properties: Doc) -> Doc:
    """What else is sent is left out."""
    return {"type": "object", "required": required, "properties": properties}


def _customer(required: list[str], contact: Doc) -> Doc:
    names = {"firstName": _must(99), "lastName": _must(99)}
    return _object([*names, *required], **names, **contact)


def _list(item: str, least: int, most: int) -> Doc:
    items = {"$ref": f"#/components/schemas/{item}"}
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _invoice(customer: str) -> Doc:
    return _object(
        ["externalOrderId", "sellerCode", "customer", "products"],
        externalOrderId=_must(200),
        sellerCode=_must(190),
        customer={"$ref": f"#/components/schemas/{customer}"},
        products=_list("Product", 1, MAX_UNITS),
    )


SCHEMAS: Doc = {
    "Customer": _customer(
        [],
        {
            "email": _may(254) | {"pattern": rf"^\s*({EMAIL})?\s*$"},
            "phone": _may(64),
            "countryCode": {"enum": [*COUNTRIES, None]},
        },
    ),
    "ReachableCustomer": _customer(
        ["email", "phone", "countryCode"],
        {
            "email": _must(254) | {"pattern": f"^{EMAIL}$"},
            "phone": _must(64),
            "countryCode": {"enum": COUNTRIES},
        },
    ),
    "Product": _object(
        [],
        name=_may(200),
        brand=_may(200),
        productCode=_may(200),
        serialNumber=_may(128),
        externalLineId=_may(200),
        purchaseDate=_may(40) | {"pattern": MOMENT, "examples": ["31-01-2026 14:30"]},
        warrantyExpireDate=_may(40) | {"pattern": MOMENT, "examples": ["31-01-2028 00:00"]},
    ),
    "Invoice": _invoice("Customer"),
    "BulkInvoice": _invoice("ReachableCustomer"),
    "Bulk": _list("BulkInvoice", 1, MOST_IN_BULK),
    "Registered": _object(
        ["individualCustomerProductResponseList"],
        individualCustomerProductResponseList={
            "type": "array",
            "items": _object(
                ["id", "lineId"], id={"type": "integer"}, lineId={"type": ["string", "null"]}
            ),
        },
    ),
    "TakenIn": _object(["requestId"], requestId={"type": "string", "pattern": REQUEST}),
    "Became": _object(
        ["requestId", "state", "invoices"],
        requestId={"type": "string", "pattern": REQUEST},
        state={"enum": ["waiting", "done"]},
        invoices={
            "type": "array",
            "items": _object(
                ["index", "externalOrderId", "status"],
                index={"type": "integer"},
                externalOrderId={"type": "string"},
                status={"type": "integer"},
            ),
        },
    ),
    "Error": _object(
        ["code", "message", "lines"],
        code={"type": "string"},
        message={"type": "string"},
        lines={
            "type": "array",
            "items": _object(
                ["index", "lineId", "field", "code", "message"],
                index={"type": ["integer", "null"]},
                lineId={"type": ["string", "null"]},
                field={"type": ["string", "null"]},
                code={"type": "string"},
                message={"type": "string"},
            ),
        },
    ),
}
LINKS: Doc = {
    "became": {
        "operationId": "readInvoices",
        "parameters": {"requestId": "$response.body#/requestId"},
    }
}
PROBLEM: Doc = {"description": "RFC 9457.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}


def _answer(description: str, schema: str) -> Doc:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _operation(name: str, summary: str, good: Doc, *parameters: Doc, body: str = "") -> Doc:
    problems = ("401", "403", "405", "406", "408", "415", "429", "500")
    kinds = {"400": "Unreadable.", "404": "Not there.", "409": "A conflict.", "413": "Too large."}
    refused = kinds | {"422": "Refused, with every reason.", "503": "Away; send it again."}
    errors = {status: _answer(words, "Error") for status, words in refused.items()}
    either = {
        status: errors[status] | {"content": errors[status]["content"] | PROBLEM["content"]}
        for status in ("400", "404", "413", "422", "503")
    }
    found: Doc = {
        "operationId": name,
        "summary": summary,
        "parameters": [MERCHANT, *parameters],
        "responses": good | dict.fromkeys(problems, PROBLEM) | errors | either,
    }
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        content = {"application/json": {"schema": schema}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def describe(root: str, version: str) -> Doc:
    """The document of the API below this path."""
    registered = {"200": _answer("As published; a repeat hears the same.", "Registered")}
    undecided = {"202": _answer("Not decided yet; send the same again.", "Error")}
    order = _named("externalOrderId", "path", _must(200))
    seller = _named("sellerCode", "query", _must(190))
    number = _named("requestId", "path", {"type": "string", "pattern": REQUEST})
    one, many = f"{root}/with-product-code", f"{root}/with-product-code/bulk"
    taken_in = {"202": _answer("All are taken in; ask at Location.", "TakenIn") | {"links": LINKS}}
    became = {"200": _answer("What became of each by now.", "Became")}
    sends = _operation(
        "sendInvoice", "Send a warranty with invoice", registered | undecided, body="Invoice"
    )
    sends_many = _operation("sendInvoices", "Send 1 to 50 invoices", taken_in, body="Bulk")
    reads = _operation("readInvoices", "Read what became of a bulk", became, number)
    deletes = _operation("deleteInvoice", "Delete an order", registered | undecided, order, seller)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Send Warranty with Invoice", "version": version},
        "paths": {
            one: {"post": sends},
            many: {"post": sends_many},
            f"{many}/{{requestId}}": {"get": reads},
            f"{root}/{{externalOrderId}}": {"delete": deletes},
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"basic": []}],
    }


def _named(name: str, place: str, schema: Doc) -> Doc:
    return {"name": name, "in": place, "required": True, "schema": schema}
