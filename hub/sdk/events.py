"""What `decide` is given: one event without personal data, and what the lookups found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, cast

import msgspec

from hub.domain.policies.versions import PolicyVersion
from hub.domain.shop_orders import ShopAnswer
from schemas.base import Fact


class TimerDue(Fact):
    """A timer that this home had set has come due; its event time is the due time."""

    TYPE: ClassVar[str] = "timer.due.v1"

    name: str


class CustomerRef(msgspec.Struct, frozen=True, gc=False):
    """A person without the person: a contact reference and keyed hashes to match by."""

    ref: str
    email_hash: str | None = None
    phone_hash: str | None = None
    named: bool = False
    """Whether a name was given."""
    name_hash: str | None = None
    contact: str | None = None
    """Where exactly what was said of the person is kept; `ref` is who that would be if nobody knew."""
    spoke: bool = False
    """Whether what is kept there has words that were written."""

    @property
    def is_somebody(self) -> bool:
        """Whether a person is named, or words alone were taken out of the event."""
        return self.named or self.email_hash is not None or self.phone_hash is not None


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event as a rule may see it: the fact carries no contact, time is the event's own."""

    id: str
    type: str
    tenant: str
    connector: str
    time: datetime
    received_at: datetime
    """When the first door of the hub, or Kafka, took it in."""
    fact: Fact
    customer: CustomerRef | None = None
    subject: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    body_hash: str = ""
    """Of the body as it came, even where a person has edited it since."""
    edited_hash: str = ""
    """Of the body as a person has edited it."""
    raw: str | None = None
    """The raw record it was translated from, where it came through a connector."""
    revision: int = 0
    """Of the translation; a higher one of the same raw record is a correction of it."""


class Outcome(StrEnum):
    """What became of an accepted event. Every event is in exactly one of these, or waiting."""

    APPLIED = "applied"
    DEDUPLICATED = "deduplicated"
    REJECTED = "rejected"
    RETRYING = "retrying"
    HELD = "held"
    DEAD_LETTERED = "dead_lettered"
    GIVEN_UP = "given_up"
    FORWARDED = "forwarded"
    EARLY = "early"
    STEPPED_OVER = "stepped_over"


class NameHolder(msgspec.Struct, frozen=True, gc=False):
    """A row of `name`: who holds a value."""

    kind: str
    value: str
    home: str
    id: str
    released: bool


class Tenant(msgspec.Struct, frozen=True, gc=False):
    """A merchant: the defaults that rules need of it."""

    id: str
    coverage_months: int
    """The period of a line that names none."""
    patience_days: int
    """How long an early event waits for what it builds on."""
    version: int = 1
    is_erased: bool = False
    """Whether it left: nothing is decided in its name any more."""


class AskTenant(msgspec.Struct, frozen=True, gc=False):
    """Please load this tenant."""

    tenant: str


class AskName(msgspec.Struct, frozen=True, gc=False):
    """Please load who holds this value; with `prefix`, whoever holds a value that begins so."""

    tenant: str
    kind: str
    value: str
    prefix: bool = False


class AskRow(msgspec.Struct, frozen=True, gc=False):
    """Please load a row of another home, to read and never to write."""

    table: str
    id: str


class AskPolicy(msgspec.Struct, frozen=True, gc=False):
    """Please load every version of a tenant's policy, as it was read at most a second ago."""

    tenant: str
    name: str
    fresh: bool = False
    """As it stands now."""


class AskStock(msgspec.Struct, frozen=True, gc=False):
    """Please load what is known of the stock of a product, by its code."""

    tenant: str
    product: str


class Stock(msgspec.Struct, frozen=True, gc=False):
    """What the movements of a product come to, at all branches together."""

    movements: int = 0
    on_hand: int = 0


class AskShop(msgspec.Struct, frozen=True, gc=False):
    """Please load what a shop answered about an order, on behalf of one event.

    It is told once: what it said first stays the answer to that event for ever.
    """

    tenant: str
    connector: str
    event: str
    order: str
    product: str
    email_hash: str

    @property
    def key(self) -> str:
        """Under which the answer is kept: another question of the same event is answered anew."""
        asked = (self.connector, self.event, self.order, self.product, self.email_hash)
        return sha256("\x1f".join(asked).encode()).hexdigest()


Ask = AskTenant | AskName | AskRow | AskPolicy | AskStock | AskShop


@dataclass(slots=True)
class Known:
    """Answers to what was asked, loaded fresh for each batch. An unanswered ask is a KeyError."""

    answers: dict[Ask, object] = field(default_factory=dict)

    def missing(self, asks: Iterable[Ask]) -> list[Ask]:
        """Those asks that have no answer yet."""
        return [ask for ask in asks if ask not in self.answers]

    def tenant(self, tenant: str) -> Tenant | None:
        """The tenant, or None where there is none of that name."""
        return cast("Tenant | None", self.answers[AskTenant(tenant)])

    def policies(self, ask: AskPolicy) -> tuple[PolicyVersion, ...]:
        """Every version, in order."""
        return cast("tuple[PolicyVersion, ...]", self.answers[ask])

    def names(self, ask: AskName) -> tuple[NameHolder, ...]:
        """Who holds the value, in order of value."""
        return cast("tuple[NameHolder, ...]", self.answers[ask])

    def stock(self, ask: AskStock) -> Stock:
        """What is on hand of a product."""
        return cast("Stock", self.answers[ask])

    def shop(self, ask: AskShop) -> ShopAnswer | None:
        """What the shop said, or None where it has not answered yet."""
        return cast("ShopAnswer | None", self.answers[ask])

    def row(self, ask: AskRow) -> msgspec.Struct | None:
        """The row, or None."""
        return cast("msgspec.Struct | None", self.answers[ask])
