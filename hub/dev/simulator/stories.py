"""What happens to a sale: nothing more, a return, a registration, a second report, a mistake."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.dev.simulator.broken import broken
from hub.dev.simulator.goods import MERCHANTS, Merchant
from hub.dev.simulator.order import Order
from hub.dev.simulator.telling import Telling
from schemas.refs import order_home

Story = list[tuple[float, Telling]]
"""Events, each with the seconds after the first of them."""


def first_home(run: str) -> str:
    """The home of the first sale that a run tells."""
    merchant = MERCHANTS[0]
    return order_home(merchant.tenant, merchant.tenant, _reference(run, 1))


def _reference(run: str, number: int) -> str:
    return f"{run}-{number:05d}"


@dataclass(slots=True)
class Teller:
    """Makes up stories; order numbers begin with `run`, so that no two runs share one."""

    run: str
    chance: random.Random
    count: int = 0

    def story(self) -> Story:
        """The next story; the first is a plain sale of the first merchant."""
        if self.count == 0:
            return self._plain(self._order(MERCHANTS[0]))
        tell = self.chance.choices(list(_STORIES), list(_STORIES.values()))[0]
        return tell(self, self._order(self.chance.choice(MERCHANTS)))

    def _order(self, merchant: Merchant) -> Order:
        self.count += 1
        return Order(merchant, _reference(self.run, self.count), self.chance)

    def _plain(self, order: Order) -> Story:
        return [(0, order.sale())]

    def _returned(self, order: Order) -> Story:
        return [(0, order.sale()), (self._later(), order.returned())]

    def _partly_returned(self, order: Order) -> Story:
        sale = order.sale(quantity=3)
        return [(0, sale), (self._later(), order.returned(quantity=1))]

    def _returned_before_its_sale(self, order: Order) -> Story:
        sale = order.sale()
        return [(0, order.returned()), (self.chance.uniform(1, 4), sale)]

    def _registered(self, order: Order) -> Story:
        sale = order.sale(serial=True)
        return [(0, sale), (self._later(), order.registration())]

    def _registered_before_its_sale(self, order: Order) -> Story:
        sale = order.sale(serial=True)
        return [(0, order.registration()), (self._later(), sale)]

    def _told_by_the_shop_too(self, order: Order) -> Story:
        sale = order.sale()
        again = replace(sale, id=f"shop-{order.reference}", connector="shop")
        return [(0, sale), (self._later(), again)]

    def _told_by_a_market_too(self, order: Order) -> Story:
        """The market has order numbers of its own: only the serial tells that it is one sale."""
        sale = order.sale(serial=True)
        return [(0, sale), (self._later(), order.as_market_tells())]

    def _uploaded_twice(self, order: Order) -> Story:
        sale = order.sale()
        return [(0, sale), (self._later(), replace(sale, id=f"{sale.id}-upload-2"))]

    def _entered_twice(self, order: Order) -> Story:
        """The same till sells the same serial again under a new number: one of them is wrong."""
        sale = order.sale(serial=True)
        mistake = order.under(f"{order.reference}-B")
        return [(0, sale), (self._later(), mistake.sale(serial=True))]

    def _broken(self, order: Order) -> Story:
        return [(0, broken(order.sale(), self.chance))]

    def _later(self) -> float:
        return self.chance.uniform(1, 8)


_STORIES: dict[Callable[[Teller, Order], Story], float] = {
    Teller._plain: 62,  # noqa: SLF001 - a table of the class's own stories
    Teller._returned: 9,  # noqa: SLF001
    Teller._partly_returned: 4,  # noqa: SLF001
    Teller._returned_before_its_sale: 4,  # noqa: SLF001
    Teller._registered: 6,  # noqa: SLF001
    Teller._registered_before_its_sale: 3,  # noqa: SLF001
    Teller._told_by_the_shop_too: 5,  # noqa: SLF001
    Teller._told_by_a_market_too: 3,  # noqa: SLF001
    Teller._uploaded_twice: 2,  # noqa: SLF001
    Teller._entered_twice: 1.5,  # noqa: SLF001
    Teller._broken: 0.8,  # noqa: SLF001
}
