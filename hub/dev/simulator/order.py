"""One order: what was sold is drawn once, so that every source tells of the same sale."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.dev.simulator.goods import TILLS, Good, Merchant
from schemas.events.parts import Contact, local_date
from schemas.events.parts import Order as OrderRef
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleLine, SaleRecorded
from schemas.money import Money
from schemas.refs import order_home

LATE_TILL = 0.03
"""So many sales come from a till that was offline for some days."""
LEAVES_CONTACT = 0.3
BUYERS = 5_000


@dataclass(slots=True)
class Order:
    """A sale of so many pieces of one good."""

    merchant: Merchant
    number: str
    chance: random.Random
    good: Good = field(init=False)
    sold_at: datetime = field(init=False)
    branch: str = field(init=False)
    till: int = field(init=False)
    serial: str | None = field(init=False)
    quantity: int = field(init=False)
    contact: Contact | None = field(init=False)
    online: bool = False
    """Ordered in the web shop, whose number the till repeats."""

    def __post_init__(self) -> None:
        chance = self.chance
        self.branch = chance.choice(self.merchant.branches)
        self.till = chance.randint(1, len(TILLS))
        self.contact = self.buyer() if chance.random() < LEAVES_CONTACT else None
        ago = timedelta(seconds=int(chance.expovariate(1 / 60)))
        if chance.random() < LATE_TILL:
            ago += timedelta(days=chance.randint(1, 6))
        self.sold_at = now() - ago
        self._sell(chance.choice(self.merchant.goods))

    def with_serial(self) -> "Order":
        """One piece of something that has a serial."""
        if not self.good.has_serial:
            self._sell(self.chance.choice([g for g in self.merchant.goods if g.has_serial]))
        return self

    def of_pieces(self, quantity: int) -> "Order":
        """So many pieces of something that has none."""
        if self.good.has_serial:
            self._sell(self.chance.choice([g for g in self.merchant.goods if not g.has_serial]))
        self.quantity = quantity
        return self

    def at(self, merchant: Merchant) -> "Order":
        """The same number, at another merchant."""
        return self if merchant is self.merchant else Order(merchant, self.number, self.chance)

    def under(self, number: str) -> "Order":
        """The same goods under another number of the same source."""
        other = Order(self.merchant, number, self.chance)
        other.good, other.serial, other.quantity = self.good, self.serial, self.quantity
        other.sold_at = self.sold_at
        return other

    def _sell(self, good: Good) -> None:
        self.good = good
        self.serial = f"{good.code}-{self.number}".upper() if good.has_serial else None
        self.quantity = 1 if good.has_serial else self.chance.randint(1, 4)

    @property
    def day(self) -> str:
        """As the calendar at the till shows it."""
        return local_date(self.sold_at, self.merchant.zone).isoformat()

    @property
    def reference(self) -> str:
        """The order number, which every source of the merchant knows it by."""
        if self.online:
            return f"W-{self.number}"
        parts = {"branch": self.branch, "till": str(self.till), "date": self.day}
        parts["number"] = self.number
        return "/".join(parts[name] for name in self.merchant.order_parts)

    @property
    def home(self) -> str:
        return order_home(self.merchant.tenant, self.merchant.namespace, self.reference)

    def sale(self, *, order: OrderRef | None = None) -> SaleRecorded:
        """The fact, under the merchant's own number unless another is given."""
        line = SaleLine(
            line="1",
            product=self.good.product,
            quantity=self.quantity,
            serials=(self.serial,) if self.serial else (),
            coverage_months=self.good.months,
            price=Money(amount=self.good.price, currency=self.merchant.currency),
        )
        own = OrderRef(namespace=self.merchant.namespace, reference=self.reference)
        return SaleRecorded(
            order=order or own,
            sold_at=self.sold_at,
            zone=self.merchant.zone,
            lines=(line,),
            branch=self.branch,
            till=str(self.till),
            customer=self.contact,
        )

    def registration(self) -> RegistrationRequested:
        """The owner's app knows the serial and no order."""
        return RegistrationRequested(
            reference=f"G-{self.number}",
            registered_at=now(),
            zone=self.merchant.zone,
            product=self.good.product,
            serial=self.serial,
            purchased_on=local_date(self.sold_at, self.merchant.zone),
            customer=self.contact or self.buyer(),
        )

    def buyer(self) -> Contact:
        return Contact(email=f"buyer-{self.chance.randrange(BUYERS)}@example.invalid")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
