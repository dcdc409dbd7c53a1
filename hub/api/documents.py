"""What the API answers with, as its description shows it; the answers themselves are written by hand."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

DOCUMENT = ConfigDict(use_attribute_docstrings=True)


class Document(BaseModel):
    """What every document shares."""

    model_config = DOCUMENT


class Error(Document):
    """One place of a request, and what is expected there."""

    pointer: str
    """A JSON pointer into the body (`#/sale/lines/0`), `?name` of the query or `{name}` of the path."""
    message: str


class Reason(Document):
    """Why a rule refused, and which line if one is to blame."""

    code: str
    message: str
    line: str | None = None


class Problem(Document):
    """RFC 9457: what went wrong, and in `detail` what to do next."""

    type: Annotated[str, Field(pattern="^urn:warranty-hub:problem:[a-z-]+$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: Annotated[str, Field(pattern="^[a-z-]+$")]
    """The last part of `type`."""
    request: str | None = None
    """The request this is the answer to, where one was made."""
    errors: list[Error] | None = None
    reasons: list[Reason] | None = None


class Told(Document):
    """What a report was told of one unit."""

    line: str | None
    """Of the sale; null for a registration."""
    id: str | None
    """The warranty; null while a registration waits for the sale of its serial."""
    serial: str | None
    starts_on: date | None
    ends_on: date | None
    """The last covered day."""
    status: Literal["covered", "ended", "pending", "staged"]


class RequestState(Document):
    """A request and what was decided; once it is accepted, a repeat or rejected, it never changes."""

    id: Annotated[str, Field(pattern="^req_[0-9a-f]{32}$")]
    state: Literal[
        "accepted",
        "repeat",
        "rejected",
        "given_up",
        "waiting",
        "early",
        "retrying",
        "held",
        "set_aside",
    ]
    warranties: list[Told] | None = None
    """In the order of the lines, one for each unit."""
    ended: list[str] | None = None
    """The warranties that a return ended."""
    reasons: list[Reason] | None = None
    message: str | None = None
    """Where it is not decided: what happens next."""


class OrderDocument(Document):
    """An order reference and its namespace."""

    namespace: str
    reference: str


class Warranty(Document):
    """A unit and its cover."""

    id: Annotated[str, Field(pattern="^wty_[a-z2-7]{16}_[0-9]+$")]
    status: Literal["covered", "ended"]
    product: str
    """Its code; else brand and name."""
    serial: str | None
    starts_on: date
    ends_on: date
    """The last covered day, unless `ended_on` comes before it."""
    ended_on: date | None
    """The first day that is no longer covered, where it came back."""
    order: OrderDocument | None
    customer: str | None
    """A reference; never a name or an address."""
    branch: str | None
    version: int


class Happened(Document):
    """One thing that happened to a unit."""

    what: Literal["sold", "registered", "ended"]
    on: date
    sources: list[str]
    """Who said so."""
    order: OrderDocument | None = None
    reference: str | None = None
    """Of a registration."""
    line: str | None = None
    covers_until: date | None = None
    branch: str | None = None
    customer: str | None = None
    event: str | None = None
    trace: str | None = None
    """Where the whole way of this report can be read."""


class WarrantyWithHistory(Warranty):
    """A unit, its cover, and everything that was reported of it."""

    history: list[Happened]
    """Reports in the order they were taken in, then its end."""


class WarrantyPage(Document):
    """Some warranties, by id."""

    warranties: list[Warranty]
    cursor: str | None
    """Give it back as `cursor` for the next page; null at the end."""
