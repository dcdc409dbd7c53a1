"""One order and everything that its sources can say of it."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.dev.simulator.goods import Good, Merchant
from hub.dev.simulator.telling import Telling, told
from schemas.events.parts import Contact, local_date
from schemas.events.parts import Order as OrderRef
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import ReturnLine, SaleLine, SaleRecorded, SaleReturned
from schemas.money import Money
from schemas.refs import order_home

LATE_TILL = 0.03
"""So many sales come from a till that was offline for some days."""
LEAVES_CONTACT = 0.3
BUYERS = 5_000


@dataclass(slots=True)
class Order:
    """What was sold is drawn once, so that every source tells of the same sale."""

    merchant: Merchant
    reference: str
    chance: random.Random
    good: Good = field(init=False)
    sold_at: datetime = field(init=False)
    branch: str = field(init=False)
    serial: str = field(init=False)
    quantity: int = field(init=False)

    def __post_init__(self) -> None:
        self.good = self.chance.choice(self.merchant.goods)
        self.branch = self.chance.choice(self.merchant.branches)
        self.serial = f"{self.good.code}-{self.reference}".upper()
        self.quantity = 1 if self.good.has_serial else self.chance.randint(1, 4)
        ago = timedelta(seconds=int(self.chance.expovariate(1 / 60)))
        if self.chance.random() < LATE_TILL:
            ago += timedelta(days=self.chance.randint(1, 6))
        self.sold_at = _now() - ago

    @property
    def home(self) -> str:
        return order_home(self.merchant.tenant, self.merchant.tenant, self.reference)

    def sale(self, quantity: int | None = None, *, serial: bool = False) -> Telling:
        """As the till tells it."""
        if serial:
            self._choose(has_serial=True, quantity=1)
        elif quantity is not None:
            self._choose(has_serial=False, quantity=quantity)
        name = f"till-{self.reference}"
        fact = self._sold(OrderRef(namespace=self.merchant.tenant, reference=self.reference))
        return told(name, self.merchant.tenant, "till", fact, self.home)

    def returned(self, quantity: int | None = None) -> Telling:
        """All of it comes back, or so many pieces."""
        line = ReturnLine(product=self.good.product, quantity=quantity or 1)
        fact = SaleReturned(
            order=OrderRef(namespace=self.merchant.tenant, reference=self.reference),
            reference=f"R-{self.reference}",
            returned_at=_now(),
            zone=self.merchant.zone,
            lines=() if quantity is None else (line,),
            branch=self.branch,
        )
        return told(f"return-{self.reference}", self.merchant.tenant, "till", fact, self.home)

    def registration(self) -> Telling:
        """The owner's app knows the serial and no order."""
        fact = RegistrationRequested(
            reference=f"G-{self.reference}",
            registered_at=_now(),
            zone=self.merchant.zone,
            product=self.good.product,
            serial=self.serial,
            purchased_on=local_date(self.sold_at, self.merchant.zone),
            customer=self._contact(),
        )
        return told(f"app-{self.reference}", self.merchant.tenant, "app", fact, None)

    def as_market_tells(self) -> Telling:
        """The same sale under the market's own order number."""
        reference = f"M-{self.reference}"
        fact = self._sold(OrderRef(namespace="market", reference=reference))
        home = order_home(self.merchant.tenant, "market", reference)
        return told(f"market-{reference}", self.merchant.tenant, "market", fact, home)

    def under(self, reference: str) -> "Order":
        """The same goods under another number of the same source."""
        other = Order(self.merchant, reference, self.chance)
        other.good, other.serial, other.sold_at = self.good, self.serial, self.sold_at
        return other

    def _choose(self, *, has_serial: bool, quantity: int) -> None:
        if self.good.has_serial is not has_serial:
            fitting = [good for good in self.merchant.goods if good.has_serial is has_serial]
            self.good = self.chance.choice(fitting)
            self.serial = f"{self.good.code}-{self.reference}".upper()
        self.quantity = quantity

    def _sold(self, order: OrderRef) -> SaleRecorded:
        line = SaleLine(
            line="1",
            product=self.good.product,
            quantity=self.quantity,
            serials=(self.serial,) if self.good.has_serial else (),
            coverage_months=self.good.months,
            price=Money(amount=self.good.price, currency=self.merchant.currency),
        )
        return SaleRecorded(
            order=order,
            sold_at=self.sold_at,
            zone=self.merchant.zone,
            lines=(line,),
            branch=self.branch,
            till=f"till-{self.chance.randint(1, 4)}",
            customer=self._contact() if self.chance.random() < LEAVES_CONTACT else None,
        )

    def _contact(self) -> Contact:
        return Contact(email=f"buyer-{self.chance.randrange(BUYERS)}@example.invalid")


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
