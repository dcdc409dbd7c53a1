"""The story runner of the catalog: homes in memory, decided by the hub's own rules and inbox."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from hub.ledger.homes import Arrival, Home, Inbox, Settled, settle
from hub.processors.catalog import PROCESSOR
from hub.processors.catalog.state import CategoryRow, MovementRow, PolicyRow, ProductRow
from hub.sdk.decision import NameClaim, Row
from hub.sdk.events import (
    Ask,
    AskName,
    AskPolicy,
    AskRow,
    AskStock,
    AskTenant,
    Event,
    Known,
    NameHolder,
    Outcome,
    Stock,
)
from schemas.base import Fact
from schemas.events.parts import Actor
from schemas.events.policy import GoLiveRequested, PolicyPublished
from schemas.events.product import CategoryDescribed, ProductDescribed, StockMoved
from schemas.refs import home_of
from tests.unit.documents import DOCUMENTS, a_map
from tests.unit.tenant import TENANT

MORNING = datetime(2026, 3, 1, 9, tzinfo=UTC)


def a_person(role: str = "owner", who: str = "") -> Actor:
    return Actor(kind="person", id=who or f"usr_{role}", role=role)


@dataclass(slots=True)
class CatalogStory:
    """What was laid down so far."""

    settled: list[Settled] = field(default_factory=list)
    said: list[Fact] = field(default_factory=list)
    homes: dict[str, Home] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    names: dict[tuple[str, str], NameHolder] = field(default_factory=dict)
    waiting: Callable[[str], tuple[NameHolder, ...]] | None = None
    """Who waits for a movement, by what their names begin with."""

    def publish(
        self,
        name: str,
        document: Any = None,
        *,
        at: datetime = MORNING,
        by: str = "owner",
        **rest: Any,
    ) -> Any:
        """Publish a version; the answer."""
        if document is None:
            document = DOCUMENTS.get(name) or a_map()
        given = {"name": name, "document": document, "why": "a new year", "by": a_person(by)}
        return self.tell(PolicyPublished.model_validate(given | rest), at)

    def go_live(self, *, at: datetime = MORNING) -> Any:
        return self.tell(GoLiveRequested(why="the shop opens", by=a_person()), at)

    def describe(self, code: str = "drill", *, at: datetime = MORNING, **rest: Any) -> Any:
        """Describe a product; the answer."""
        given = {"code": code, "name": code.title(), "described_at": at}
        return self.tell(ProductDescribed.model_validate(given | rest), at)

    def describe_category(self, code: str, *, at: datetime = MORNING, **rest: Any) -> Any:
        given = {"code": code, "described_at": at}
        return self.tell(CategoryDescribed.model_validate(given | rest), at)

    def move(self, reference: str, quantity: int, *, at: datetime = MORNING, **rest: Any) -> Any:
        """Tell a movement of stock; the answer."""
        about = {"reference": reference, "quantity": quantity, "moved_at": at}
        given = {"product": "drill", "branch": "north"}
        how = {name: rest.pop(name) for name in ("raw", "revision", "by") if name in rest}
        return self.tell(StockMoved.model_validate(about | given | rest), at, **how)

    def tell(self, fact: Fact, at: datetime, by: str = "portal", **rest: Any) -> Any:
        """Tell something; the answer."""
        number = str(len(self.settled))
        event = Event(
            f"e{number}", fact.TYPE, TENANT.id, by, at, at, fact, body_hash=number, **rest
        )
        return self.take(event)

    def take(self, event: Event) -> Any:
        """Decide an event, a letter's as well; the answer."""
        known = Known()
        for ask in PROCESSOR.needs(event, known):
            known.answers[ask] = self.answer(ask)
        place = PROCESSOR.place(event, known)
        home = self.homes.get(place)
        if home is None:
            home = Home(place, TENANT.id, 0, Inbox(), PROCESSOR.assemble(None, ()))
        (settled,) = settle(PROCESSOR, home, Arrival(event, len(self.settled)), known)
        self.settled.append(settled)
        self.said += [one.fact for one in settled.said]
        for row in settled.rows:
            self.rows.setdefault(place, {})[row.id] = row
        for name in settled.names:
            self._name(place, name)
        # As it would be stored and loaded again.
        head = PROCESSOR.take_apart(home.state)
        rows: list[Row] = [_again(row) for row in self.rows.get(place, {}).values()]
        home.state = PROCESSOR.assemble(None if head is None else _again(head), rows)
        self.homes[place] = home
        return json.loads(settled.answer)

    def found(self, row: Row) -> None:
        """Insert a row that another processor's decision founded, where there is none."""
        self.rows.setdefault(home_of(row.id), {}).setdefault(row.id, _again(row))

    def answer(self, ask: Ask) -> object:
        """What the ledger would find now, for whoever asks."""
        match ask:
            case AskTenant():
                return TENANT
            case AskPolicy(_, name):
                return tuple(one.version for one in self.versions(name))
            case AskName(kind="stock_wanted", value=value) if self.waiting is not None:
                return self.waiting(value)
            case AskName(_, kind, value):
                keys = sorted(k for k in self.names if k[0] == kind and k[1].startswith(value))
                return tuple(self.names[key] for key in keys)
            case AskRow(_, identifier):
                found = (rows.get(identifier) for rows in self.rows.values())
                return next((row for row in found if row), None)
            case AskStock(_, product):
                moved = [one for one in self._all(MovementRow) if one.product == product]
                return Stock(len(moved), sum(one.quantity for one in moved))
            case _:
                raise AssertionError(ask)

    def _name(self, home: str, name: Any) -> None:
        key = (name.kind, name.value)
        if isinstance(name, NameClaim):
            assert key not in self.names or self.names[key].home == home
            self.names[key] = NameHolder(name.kind, name.value, home, name.id, released=False)
        else:
            self.names[key] = msgspec.structs.replace(self.names[key], released=True)

    def versions(self, name: str) -> list[PolicyRow]:
        found = [one for home in self.homes.values() for one in home.state.versions]
        return [one for one in found if one.name == name]

    def _all(self, kind: type[Any]) -> list[Any]:
        return [row for rows in self.rows.values() for row in rows.values() if type(row) is kind]

    @property
    def products(self) -> list[ProductRow]:
        """Those that are shown, by code and name."""
        rows: list[ProductRow] = self._all(ProductRow)
        coded = {row.name_key for row in rows if row.code}
        shown = [row for row in rows if row.code or row.name_key not in coded]
        return sorted(shown, key=lambda row: (row.code or "", row.name_key or ""))

    @property
    def categories(self) -> list[CategoryRow]:
        return sorted(self._all(CategoryRow), key=lambda row: row.code)

    @property
    def stock(self) -> dict[tuple[str, str], int]:
        """By product and branch."""
        sums: dict[tuple[str, str], int] = {}
        for row in self._all(MovementRow):
            sums[row.product, row.branch] = sums.get((row.product, row.branch), 0) + row.quantity
        return sums

    @property
    def outcomes(self) -> list[Outcome]:
        return [one.outcome for one in self.settled]


def _again(row: Row) -> Any:
    return msgspec.json.decode(msgspec.json.encode(row), type=type(row))
