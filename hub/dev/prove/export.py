"""An export of any size, written together with what each of its lines must be told."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WORDS = ("accepted", "duplicate", "rejected", "unreadable", "early")
ACCEPTED, DUPLICATE, REJECTED, UNREADABLE, EARLY = range(len(WORDS))
COLUMNS = {
    "order": "Receipt",
    "sold_at": "Date",
    "type": "Type",
    "product_code": "Article",
    "product_name": "Description",
    "quantity": "Pieces",
    "serials": "Serial",
    "price": "Amount",
    "months": "Months",
    "branch": "Branch",
    "till": "Till",
    "seller": "Seller",
    "customer_name": "Buyer",
    "customer_email": "Mail",
    "original_order": "Original",
}
SETTINGS = {
    "zone": "Europe/Istanbul",
    "currency": "TRY",
    "decimal": ",",
    "namespace": "till",
    "columns": COLUMNS,
}
MIB = 1024 * 1024
KEPT = 2_000
"""Earlier receipts that are remembered, to be repeated, returned or contradicted later."""
REPEATED, RETURNED, TOO_EARLY, CONTRADICTED, BROKEN, STUTTERED = 0.01, 0.02, 0.025, 0.03, 0.04, 0.05
"""Shares of the receipts, each up to the next."""

Told = tuple[str, int]
"""A line, and what it must be told."""


@dataclass(slots=True)
class Export:
    """A file, and the oracle of it."""

    path: Path
    told: bytearray = field(default_factory=bytearray)
    """For each line after the header, what it must be told: an index into `WORDS`."""
    units: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """A receipt that stands in the file."""

    order: str
    lines: tuple[str, ...]
    serial: str
    """Of its first line."""


@dataclass(slots=True)
class Till:
    """Sells, takes back, repeats itself and makes mistakes."""

    prefix: str
    chance: random.Random
    _number: int = 0
    _units: int = 0
    _kept: list[Sale] = field(default_factory=list)

    def export(self, path: Path, megabytes: float) -> Export:
        """Write a file of that size."""
        export = Export(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            size = file.write(";".join(COLUMNS.values()) + "\n")
            while size < megabytes * MIB:
                lines = list(self._receipt())
                size += file.write("".join(text for text, _ in lines))
                export.told.extend(word for _, word in lines)
        export.units, export.size = self._units, path.stat().st_size
        return export

    def _receipt(self) -> Iterator[Told]:
        self._number += 1
        order, kind = f"{self.prefix}-{self._number:08d}", self.chance.random()
        if kind >= CONTRADICTED or not self._kept:
            yield from self._sale(order, kind)
        elif kind < REPEATED:
            yield from ((line, DUPLICATE) for line in self.chance.choice(self._kept).lines)
        elif kind < RETURNED:
            # It is forgotten then: what is said of it afterwards would mean something else.
            sale = self._kept.pop(self.chance.randrange(len(self._kept)))
            yield self._line(f"I{order}", sale.serial, "return", sale.order), ACCEPTED
        elif kind < TOO_EARLY:
            yield self._line(f"I{order}", f"{order}/1", "return", f"X{order}"), EARLY
        else:
            yield self._line(order, self.chance.choice(self._kept).serial), REJECTED

    def _sale(self, order: str, kind: float) -> Iterator[Told]:
        count = self.chance.choice((1, 1, 1, 2, 3))
        lines = tuple(self._line(order, f"{order}/{n + 1}") for n in range(count))
        if CONTRADICTED <= kind < BROKEN:
            bad = self.chance.randrange(count)
            for n, line in enumerate(lines):
                yield line.replace("31.01.2026", "31.02.2026") if n == bad else line, UNREADABLE
            return
        self._units += count
        self._keep(Sale(order, lines, f"{order}/1"))
        yield from ((line, ACCEPTED) for line in lines)
        if BROKEN <= kind < STUTTERED:
            yield lines[-1], DUPLICATE

    def _keep(self, sale: Sale) -> None:
        if len(self._kept) < KEPT:
            self._kept.append(sale)
        else:
            self._kept[self.chance.randrange(KEPT)] = sale

    def _line(self, order: str, serial: str, kind: str = "sale", original: str = "") -> str:
        what = f"31.01.2026 10:15;{kind};TV-55;Television 55 inch, black, with a stand;1;{serial}"
        who = f"Kadikoy;till-7;Deniz;Ada Lovelace {order};ada-{order}@example.org"
        return f"{order};{what};12.499,90;24;{who};{original}\n"
