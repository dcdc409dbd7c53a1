"""The door of invoices without its doorway: what is posted is read, decided and answered."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.access.keyring import Keyring
from hub.api.answers import Reply
from hub.api.invoice.body import read_invoice
from hub.api.invoice.faults import InvoiceError
from hub.api.invoice.meaning import Catalogue, Merchant, meaning_of, order_of
from hub.api.invoice.rendering import Lines, lines_of, no_merchant, render, warranties, wrong
from hub.ledger.ask import State, Told
from hub.sdk.events import CustomerRef, Event
from schemas.base import Fact
from schemas.events.sale import SaleDeleted, SaleRecorded
from tests.unit.story import Story

Doc = dict[str, Any]
NOON = datetime(2026, 3, 10, 9, tzinfo=UTC)
"""In Istanbul."""


def a_product(**rest: Any) -> Doc:
    return {"name": "Kettle", "productCode": "K-1", **rest}


def an_invoice(*products: object, **rest: Any) -> Doc:
    customer = {"firstName": "Ayşe", "lastName": "Yilmaz", "email": "ayse@example.com"}
    return {
        "externalOrderId": "O-1",
        "sellerCode": "S-1",
        "customer": {**customer, **rest.pop("customer", {})},
        "products": list(products) or [a_product()],
        **rest,
    }


@dataclass(slots=True)
class Desk:
    """Takes invoices for its merchants; the clock stands until it is moved."""

    story: Story = field(default_factory=Story)
    merchants: dict[str, Merchant] = field(
        default_factory=lambda: {"M-1": Merchant("acme", "M-1", currency="TRY")}
    )
    catalogue: Catalogue | None = None
    now: datetime = NOON
    facts: list[SaleRecorded] = field(default_factory=list)
    customers: list[CustomerRef | None] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def post(self, invoice: object, *, merchant: str = "M-1", by: str = "demo") -> Reply:
        """Send an invoice, as JSON or as the bytes that are no JSON."""
        body = invoice if isinstance(invoice, bytes) else json.dumps(invoice).encode()
        if merchant not in self.merchants:
            return no_merchant()
        try:
            read = read_invoice(body)
            fact = meaning_of(read, self.merchants[merchant], self.now, self.catalogue)
        except InvoiceError as error:
            return wrong(error)
        self.facts.append(fact)
        return self._ask(fact, by, lines_of(read))

    def delete(self, order: str = "O-1", *, seller: str = "S-1", by: str = "demo") -> Reply:
        """Delete an order."""
        fact = SaleDeleted(order=order_of(seller, order), deleted_at=self.now, branch=seller)
        return self._ask(fact, by, Lines())

    def _ask(self, fact: Fact, by: str, lines: Lines) -> Reply:
        number = len(self.customers)
        sealed = None
        if isinstance(fact, SaleRecorded) and fact.customer:
            keyring = Keyring(b"k" * 32)
            sealed = keyring.seal_contact("acme", fact.customer, f"event-{number}")
            fact = fact.model_copy(update={"customer": None})
        customer = sealed.customer if sealed else None
        self.customers.append(customer)
        event = Event(
            id=f"event-{number}",
            type=fact.TYPE,
            tenant="acme",
            connector=by,
            time=self.now,
            received_at=self.now,
            fact=fact,
            customer=customer,
            body_hash=str(number),
        )
        self.story.given(event)
        settled = self.story.settled[self.story.told[-1]]
        told = Told("req", State.DECIDED, settled.outcome, settled.answer.decode())
        for unit in self.story.units:
            self.numbers.setdefault(unit.id, len(self.numbers) + 1)
        assert set(warranties(told)) <= set(self.numbers)
        return render(told, lines, self.numbers)


def ids_of(reply: Reply) -> list[int]:
    assert reply.status == 200, reply.document
    return [one["id"] for one in reply.document["individualCustomerProductResponseList"]]


def lines_told(reply: Reply) -> list[str | None]:
    return [one["lineId"] for one in reply.document["individualCustomerProductResponseList"]]


def faults_of(reply: Reply) -> list[tuple[int | None, str | None, str]]:
    """Index, field and code of whatever is wrong."""
    return [(one["index"], one["field"], one["code"]) for one in reply.document["lines"]]
