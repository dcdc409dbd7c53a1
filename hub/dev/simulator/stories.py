"""What happens to a sale: nothing more, a return, a registration, a second report, a mistake.

Each thing is said at the door that its source has: tills post tickets and leave a file at night,
partners report to the API, the platform's back office publishes on the topics, customers bring
what breaks to the service centre.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hub.dev.simulator import exports, tickets
from hub.dev.simulator.broken import broken
from hub.dev.simulator.goods import MERCHANTS, TILLS, VOLTAGE, Merchant
from hub.dev.simulator.order import Order
from hub.dev.simulator.policies import ISSUES
from hub.dev.simulator.said import (
    Said,
    invoiced,
    moved,
    published,
    registered,
    reported,
    trouble,
)
from schemas.events.parts import Order as OrderRef
from schemas.refs import order_home

STOCKED = ("TV-55Q", "PH-X6", "HP-ANC")
"""The goods of which the warehouse tells."""
MOVED_ELSEWHERE = 0.15
"""So many units are said to have left another branch than the one that sold them."""
LONG_AGO = timedelta(days=1_200)
"""Longer than anything is covered."""
WANTED = ("repair", "repair", "replacement", "replacement", "refund")
Story = list[tuple[float, Said]]
"""What is said, each with the seconds after the first of it."""


def first_home(run: str) -> str:
    """The home of the first sale that a run tells."""
    return order_home(VOLTAGE.tenant, VOLTAGE.namespace, _number(run, 1))


def _number(run: str, count: int) -> str:
    return f"{run}-{count:05d}"


@dataclass(slots=True)
class Teller:
    """Makes up stories; order numbers begin with `run`, so that no two runs share one."""

    run: str
    chance: random.Random
    count: int = 0

    def story(self) -> Story:
        """The next story; the first is a sale that needs no door, the second ends in a claim."""
        if self.count == 0:
            return self._published(self._order(VOLTAGE))
        if self.count == 1:
            return self._broken_down(self._order(VOLTAGE))
        tell = self.chance.choices(list(_STORIES), list(_STORIES.values()))[0]
        return tell(self, self._order(self.chance.choice(MERCHANTS)))

    def _order(self, merchant: Merchant) -> Order:
        self.count += 1
        return Order(merchant, _number(self.run, self.count), self.chance)

    def _sold(self, order: Order) -> Story:
        return [(0, tickets.sold(order))]

    def _published(self, order: Order) -> Story:
        return [(0, published(order))]

    def _published_anywhere(self, order: Order) -> Story:
        """The back office does not know how the hub places orders."""
        return [(0, published(order, knows_home=False))]

    def _only_in_the_file(self, order: Order) -> Story:
        return [(0, exports.sold(order))]

    def _in_the_file_too(self, order: Order) -> Story:
        return [(0, tickets.sold(order)), (self._later(), exports.sold(order))]

    def _returned(self, order: Order) -> Story:
        return [(0, tickets.sold(order)), (self._later(), tickets.returned(order))]

    def _partly_returned(self, order: Order) -> Story:
        sale = tickets.sold(order.of_pieces(3))
        return [(0, sale), (self._later(), tickets.returned(order, quantity=1))]

    def _returned_before_its_sale(self, order: Order) -> Story:
        """The till that sold it sends late."""
        soon = self.chance.uniform(1, 4)
        return [(0, tickets.returned(order)), (soon, tickets.sold(order))]

    def _returned_in_the_file(self, order: Order) -> Story:
        return [(0, tickets.sold(order)), (self._later(), exports.returned(order))]

    def _registered(self, order: Order) -> Story:
        sale = tickets.sold(order.with_serial())
        return [(0, sale), (self._later(), registered(order))]

    def _registered_before_its_sale(self, order: Order) -> Story:
        sale = tickets.sold(order.with_serial())
        return [(0, registered(order)), (self._later(), sale)]

    def _sold_online(self, order: Order) -> Story:
        order.online = True
        return [(0, reported(order, "webshop"))]

    def _sold_online_and_fetched(self, order: Order) -> Story:
        """The till that hands it out repeats the web shop's number: it is one sale."""
        order.online = True
        return [(0, reported(order, "webshop")), (self._later(), tickets.sold(order))]

    def _invoiced(self, order: Order) -> Story:
        """An e-commerce system sends the warranty with the invoice."""
        return [(0, invoiced(order.with_serial()))]

    def _told_by_a_market_too(self, order: Order) -> Story:
        """The market has order numbers of its own: only the serial tells that it is one sale."""
        sale = tickets.sold(order.with_serial())
        number = OrderRef(namespace="market", reference=f"M-{order.number}")
        return [(0, sale), (self._later(), reported(order, "market", number))]

    def _told_by_the_back_office_too(self, order: Order) -> Story:
        return [(0, tickets.sold(order)), (self._later(), published(order))]

    def _entered_twice(self, order: Order) -> Story:
        """The tills sell the same serial again under a new number: one of them is wrong."""
        sale = tickets.sold(order.with_serial())
        mistake = order.under(f"{order.number}-B")
        return [(0, sale), (self._later(), tickets.sold(mistake))]

    def _broken_down(self, order: Order) -> Story:
        """The only merchant with a service centre is told of it."""
        order = order.at(VOLTAGE).with_serial()
        return [
            (0, tickets.sold(order)),
            *self._moved(order),
            (self._later(), self._trouble(order)),
        ]

    def _broken_down_too_late(self, order: Order) -> Story:
        order = order.at(VOLTAGE).with_serial()
        order.sold_at -= LONG_AGO
        return [(0, tickets.sold(order)), (self._later(), self._trouble(order))]

    def _moved(self, order: Order) -> Story:
        if order.good.code not in STOCKED:
            return []
        elsewhere = self.chance.random() < MOVED_ELSEWHERE
        left = moved(order, -1, branch="Depot" if elsewhere else None)
        return [(0.5, moved(order, 2)), (0.5, left)]

    def _trouble(self, order: Order) -> Said:
        return trouble(order, self.chance.choice(ISSUES), self.chance.choice(WANTED))

    def _quiet(self, order: Order) -> Story:
        till = self.chance.randint(1, len(TILLS))
        return [(0, tickets.heartbeat(order.merchant, till, order.number))]

    def _mistyped(self, order: Order) -> Story:
        return [(0, tickets.mistyped(tickets.sold(order), self.chance))]

    def _broken(self, order: Order) -> Story:
        return [(0, broken(published(order), self.chance))]

    def _later(self) -> float:
        return self.chance.uniform(1, 8)


_STORIES: dict[Callable[[Teller, Order], Story], float] = {
    Teller._sold: 38,  # noqa: SLF001 - a table of the class's own stories
    Teller._published: 7,  # noqa: SLF001
    Teller._published_anywhere: 3,  # noqa: SLF001
    Teller._only_in_the_file: 5,  # noqa: SLF001
    Teller._in_the_file_too: 5,  # noqa: SLF001
    Teller._returned: 8,  # noqa: SLF001
    Teller._partly_returned: 4,  # noqa: SLF001
    Teller._returned_before_its_sale: 4,  # noqa: SLF001
    Teller._returned_in_the_file: 1,  # noqa: SLF001
    Teller._registered: 6,  # noqa: SLF001
    Teller._registered_before_its_sale: 3,  # noqa: SLF001
    Teller._sold_online: 4,  # noqa: SLF001
    Teller._sold_online_and_fetched: 4,  # noqa: SLF001
    Teller._invoiced: 3,  # noqa: SLF001
    Teller._told_by_a_market_too: 3,  # noqa: SLF001
    Teller._told_by_the_back_office_too: 2,  # noqa: SLF001
    Teller._entered_twice: 1.5,  # noqa: SLF001
    Teller._broken_down: 4,  # noqa: SLF001
    Teller._broken_down_too_late: 0.4,  # noqa: SLF001
    Teller._quiet: 2,  # noqa: SLF001
    Teller._mistyped: 0.7,  # noqa: SLF001
    Teller._broken: 0.8,  # noqa: SLF001
}
