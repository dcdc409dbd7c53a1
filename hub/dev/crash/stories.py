"""What shops tell of their orders: sales, returns, repeats, registrations, a second feed."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hub.dev.crash.installation import TENANT, ZONE
from schemas.refs import order_home, place, serial_home


@dataclass(frozen=True, slots=True)
class Event:
    """One event to send, where it belongs, and the effect it must have."""

    id: str
    type: str
    connector: str
    group: str
    home: str
    body: bytes
    covers: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    tells: tuple[tuple[str, str], ...] = ()
    has_place: bool = True
    """Whether the sender knows its home; a registration may belong to an order unknown to it."""

    @property
    def kind(self) -> str:
        return self.type.split(".", maxsplit=1)[0]

    def headers(self) -> list[tuple[str, bytes]]:
        """The CloudEvents envelope, in binary mode."""
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_source", f"/tenants/{TENANT}/sources/{self.connector}".encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", datetime.now(UTC).isoformat().encode()),
            ("ce_tenant", TENANT.encode()),
            ("content-type", b"application/json"),
        ]

    def partition(self, partitions: int) -> int:
        """Where it belongs."""
        return place(self.home, partitions)


Story = list[tuple[float, Event]]
"""Events with the seconds to let pass before each."""


@dataclass(slots=True)
class Teller:
    """Makes up stories, each of an order of its own."""

    chance: random.Random
    run: str
    _count: int = 0
    _last: dict[str, int] = field(default_factory=dict)

    def story(self) -> Story:
        """The next story."""
        tell = self.chance.choices(_STORIES, _WEIGHTS)[0]
        self._count += 1
        return tell(self, f"{self.run}-{self._count:07d}")

    def sale(self, connector: str = "till") -> Event:
        """A sale of which nothing more is heard."""
        self._count += 1
        return self._sale(f"{self.run}-{self._count:07d}", connector)

    def at_a_till(self) -> list[Event]:
        """A sale, perhaps with its return; each is told once the one before has been taken in."""
        sale = self.sale("pos")
        returned = self.chance.random() < 0.2  # noqa: PLR2004 - so many come back
        return [sale, self.returned(sale)] if returned else [sale]

    def _plain(self, order: str) -> Story:
        return [(0, self._sale(order))]

    def _returned(self, order: str) -> Story:
        sale = self._sale(order)
        story = [(0.0, sale), (self._soon(), self.returned(sale))]
        if self.chance.random() < 0.3:  # noqa: PLR2004 - so many are repeated
            story.append((self._soon(), self._again(sale)))
        return story

    def _partly_returned(self, order: str) -> Story:
        sale = self._sale(order, serials=2)
        return [(0, sale), (self._soon(), self.returned(sale, only=sale.covers[0]))]

    def _repeated(self, order: str) -> Story:
        sale = self._sale(order)
        return [(0, sale), (self._soon(), self._again(sale))]

    def _registered_after(self, order: str) -> Story:
        sale = self._sale(order, serials=1)
        return [(0, sale), (self._soon(), self._registration(sale))]

    def _registered_before(self, order: str) -> Story:
        sale = self._sale(order, serials=1)
        return [(0, self._registration(sale)), (self._at_once_or_soon(), sale)]

    def _second_feed(self, order: str) -> Story:
        sale = self._sale(order)
        other = replace(sale, id=f"{sale.id}-shop", connector="shop", has_place=True)
        return [(0, sale), (self._at_once_or_soon(), other)]

    def _other_order(self, order: str) -> Story:
        """The marketplace knows the same sale under a number of its own: only the serial tells."""
        sale = self._sale(order, serials=1)
        fact, reference = json.loads(sale.body), f"M-{order}"
        fact["order"] = {"namespace": "market", "reference": reference}
        fact["lines"] = fact["lines"][:1]
        unit = sale.covers[0]
        other = Event(
            f"sale-{reference}", sale.type, "market", reference,
            order_home(TENANT, "market", reference), _encode(fact), (unit,),
            tells=((unit, reference),),
        )  # fmt: skip
        return [(0, sale), (self._at_once_or_soon(), other)]

    def _sale(self, order: str, connector: str = "till", serials: int = 0) -> Event:
        lines = [self._line(order, n, serials if n == 0 else 0) for n in range(self._up_to(3))]
        fact: dict[str, Any] = {
            "order": {"namespace": "acme", "reference": order},
            "sold_at": datetime.now(UTC).isoformat(),
            "zone": ZONE,
            "lines": lines,
            "branch": f"Branch {self.chance.randrange(20)}",
        }
        if self.chance.random() < 0.3:  # noqa: PLR2004 - so many leave their address
            fact["customer"] = {"name": "Deniz Kaya", "email": f"{order}@example.com"}
        units = tuple(unit for line in lines for unit in _units(order, line))
        told = tuple((unit, order) for unit in units)
        home = order_home(TENANT, "acme", order)
        return Event(
            f"sale-{order}", "sale.recorded.v1", connector, order, home, _encode(fact), units,
            tells=told,
        )  # fmt: skip

    def _line(self, order: str, number: int, serials: int) -> dict[str, Any]:
        quantity = serials or self._up_to(3)
        count = serials or self.chance.choice([0, quantity])
        return {
            "line": str(number + 1),
            "product": {"code": f"SKU-{number}-{self.chance.randrange(500)}"},
            "quantity": quantity,
            "serials": [f"SN-{order}-{number}-{n}" for n in range(count)],
        }

    def returned(self, sale: Event, only: str | None = None) -> Event:
        """Everything of a sale comes back, or the one unit of that serial."""
        fact: dict[str, Any] = {
            "order": json.loads(sale.body)["order"],
            "reference": f"R-{sale.group}",
            "returned_at": datetime.now(UTC).isoformat(),
            "zone": ZONE,
        }
        if only is not None:
            _, product, serial = only.split("/")
            line = {"product": {"code": product}, "quantity": 1, "serials": [serial]}
            fact["lines"] = [line]
        ends = sale.covers if only is None else (only,)
        return Event(
            f"return-{sale.group}", "sale.returned.v1", sale.connector, sale.group, sale.home,
            _encode(fact), ends=ends,
        )  # fmt: skip

    def _registration(self, sale: Event) -> Event:
        unit = sale.covers[0]
        _, product, serial = unit.split("/")
        fact = {
            "reference": f"G-{sale.group}",
            "registered_at": datetime.now(UTC).isoformat(),
            "zone": ZONE,
            "product": {"code": product},
            "serial": serial,
            "customer": {"name": "Deniz Kaya", "phone": "+905321234567"},
        }
        return Event(
            f"registration-{sale.group}", "registration.requested.v1", "app", sale.group,
            serial_home(TENANT, serial.casefold()), _encode(fact), (unit,),
            tells=((unit, "registration"),), has_place=False,
        )  # fmt: skip

    def _again(self, sale: Event) -> Event:
        return replace(sale, id=f"{sale.id}-again")

    def _up_to(self, most: int) -> int:
        return self.chance.randint(1, most)

    def _soon(self) -> float:
        return self.chance.uniform(0.2, 20)

    def _at_once_or_soon(self) -> float:
        return self.chance.choice([0, self._soon()])


_TOLD = {
    Teller._plain: 62,  # noqa: SLF001 - a table of the class's own stories
    Teller._returned: 14,  # noqa: SLF001
    Teller._partly_returned: 7,  # noqa: SLF001
    Teller._repeated: 5,  # noqa: SLF001
    Teller._registered_after: 3,  # noqa: SLF001
    Teller._registered_before: 3,  # noqa: SLF001
    Teller._second_feed: 3,  # noqa: SLF001
    Teller._other_order: 3,  # noqa: SLF001
}
_STORIES, _WEIGHTS = list(_TOLD), list(_TOLD.values())


def _units(order: str, line: dict[str, Any]) -> Iterator[str]:
    product, serials = line["product"]["code"], line["serials"]
    yield from (f"serial/{product}/{serial}" for serial in serials)
    yield from (f"order/{order}/{product}/{n}" for n in range(line["quantity"] - len(serials)))


def _encode(fact: dict[str, Any]) -> bytes:
    return json.dumps(fact, separators=(",", ":")).encode()
