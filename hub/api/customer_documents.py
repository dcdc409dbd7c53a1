"""What is told of a customer. Personal data: never kept by a cache."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from hub.api.claim_documents import ClaimLine
from hub.api.documents import Document, Happened, Warranty


class GivenContact(Document):
    """A contact as it was given."""

    id: str
    """As `contact` of a warranty's history names it."""
    name: str | None
    email: str | None
    phone: str | None
    birth_date: date | None
    placeholders: list[str]
    """Which of `email` and `phone` the hub made up: nobody is reached there, and nothing is sent."""
    seen_at: datetime


class NoticedOfCustomer(Document):
    """Something that a person should look at."""

    code: str
    """`contact_conflict`: the phone is another customer's. `customer_name_differs`: another name."""
    contact: str
    other: str | None
    """Whose phone it is."""
    at: datetime
    source: str
    event: str


class CustomerMerge(Document):
    """That somebody said that this customer is another, and perhaps that it is not."""

    into: str
    at: datetime
    by: str
    role: str
    why: str
    undone_at: datetime | None
    undone_by: str | None
    undone_why: str | None


class CustomerDocument(Document):
    """Exactly one for each e-mail address and each phone number of a merchant."""

    id: Annotated[str, Field(pattern="^cus_[a-z2-7]{16}$")]
    name: str | None
    """As it was first given; null where nothing is kept of them any more."""
    emails: list[str]
    """Those that lead here; one that was made up ends with `.invalid`, and nothing is sent there."""
    phones: list[str]
    is_placeholder: bool
    """Nobody gave an address: the hub made one up."""
    has_conflict: bool
    """Somebody gave the e-mail address of this customer with the phone of another."""
    merged_into: str | None
    """Who it is read as."""
    merged: list[str]
    """Who is read as this one."""
    contacts: list[GivenContact]
    """Everything that was given, oldest first; at most 50."""
    noticed: list[NoticedOfCustomer]
    merges: list[CustomerMerge]


class CustomerEvent(Happened):
    """One thing that happened to something of theirs."""

    warranty: str


class CustomerHistory(Document):
    """Sales, registrations and warranties of a customer, and of those who are read as this one."""

    customer: str
    warranties: list[Warranty]
    """In the order in which they begin."""
    claims: list[ClaimLine]
    """What they claimed, and what was claimed of units that were theirs, in the order of filing."""
    history: list[CustomerEvent]
    """By day, then in the order it was taken in."""
    complete: bool
    """False where there are more than 1,000 warranties or claims; ask for those with /v1/warranties?customer=…
    and /v1/claims?customer=…"""
