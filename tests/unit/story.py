"""The story runner: a world of homes in memory, decided by the hub's own rules and inbox."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from hub.domain.policies.versions import PolicyVersion
from hub.domain.shop_orders import ShopAnswer
from hub.ledger.homes import Arrival, Home, Inbox, Settled, settle, waiting_arrivals
from hub.processors.purchase import PROCESSOR
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.merging import MERGES
from hub.processors.purchase.proofs import Proof
from hub.processors.purchase.state import Proposal, PurchaseRow, Unit
from hub.sdk.decision import Letter, NameClaim, NameRelease, Row, SetTimer
from hub.sdk.events import (
    Ask,
    AskName,
    AskPolicy,
    AskRow,
    AskShop,
    AskTenant,
    CustomerRef,
    Event,
    Known,
    NameHolder,
    Outcome,
    Tenant,
    TimerDue,
)
from schemas.base import Fact
from schemas.events.claim import StockWanted
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleDeleted, SaleRecorded, SaleReturned
from schemas.events.unit import OwnershipTransferred, SerialAttached
from schemas.events.warranty import WarrantyEnded, WarrantyRefused
from schemas.refs import derived_id
from tests.unit.catalog_story import CatalogStory
from tests.unit.tenant import TENANT

NEW_YEAR = date(2026, 1, 1)
ROUNDS = 3

Doc = dict[str, Any]


class TakenError(Exception):
    """A name was claimed that another home holds: the ledger has whoever claims it decide again."""


def an_event(  # noqa: PLR0913 - an envelope has that many words
    fact: Fact,
    *,
    by: str,
    day: date,
    id: str | None = None,  # noqa: A002 - the envelope's own word
    customer: str | None = None,
    subject: str | None = None,
    tenant: str = TENANT.id,
    raw: str | None = None,
    revision: int = 0,
) -> Event:
    body = sha256(fact.model_dump_json().encode()).hexdigest()
    at = datetime.combine(day, time(12), UTC)
    return Event(
        id=id or f"{by}-{body[:12]}",
        type=fact.TYPE,
        tenant=tenant,
        connector=by,
        time=at,
        received_at=at,
        fact=fact,
        customer=CustomerRef(customer) if customer else None,
        subject=subject,
        body_hash=body,
        raw=raw,
        revision=revision,
    )


def a_line(product: str | Doc = "drill", **rest: Any) -> Doc:
    return {"product": {"code": product} if isinstance(product, str) else product, **rest}


def a_sale(
    *lines: Doc, order: str = "O-1", by: str = "till", on: date = NEW_YEAR, **rest: Any
) -> Event:
    fact = SaleRecorded.model_validate(
        {
            "order": {"namespace": "shop", "reference": order},
            "sold_at": datetime.combine(on, time(12), UTC),
            "zone": "UTC",
            "lines": [
                {"line": str(n), **line} for n, line in enumerate(lines or (a_line(),), start=1)
            ],
            **rest.pop("fact", {}),
        }
    )
    return an_event(fact, by=by, day=on, **rest)


def a_return(
    *lines: Doc,
    order: str = "O-1",
    by: str = "till",
    on: date = NEW_YEAR + timedelta(days=5),
    reference: str = "back-1",
    **rest: Any,
) -> Event:
    fact = SaleReturned.model_validate(
        {
            "order": {"namespace": "shop", "reference": order},
            "reference": reference,
            "returned_at": datetime.combine(on, time(12), UTC),
            "zone": "UTC",
            "lines": lines,
            **rest.pop("fact", {}),
        }
    )
    return an_event(fact, by=by, day=on, **rest)


def a_deletion(
    *, order: str = "O-1", by: str = "till", on: date = NEW_YEAR + timedelta(days=6), **rest: Any
) -> Event:
    fact = SaleDeleted.model_validate(
        {
            "order": {"namespace": "shop", "reference": order},
            "deleted_at": datetime.combine(on, time(12), UTC),
            **rest.pop("fact", {}),
        }
    )
    return an_event(fact, by=by, day=on, **rest)


def a_registration(
    serial: str | None = "SN-1",
    product: str | None = "drill",
    *,
    by: str = "portal",
    on: date = NEW_YEAR,
    reference: str = "reg-1",
    **rest: Any,
) -> Event:
    fact = RegistrationRequested.model_validate(
        {
            "reference": reference,
            "registered_at": datetime.combine(on, time(12), UTC),
            "zone": "UTC",
            "product": {"code": product} if product else None,
            "serial": serial,
            **rest.pop("fact", {}),
        }
    )
    return an_event(fact, by=by, day=on, **{"customer": "ada", **rest})


def a_serial(
    warranty: str,
    serial: str = "SN-1",
    *,
    by: str = "depot",
    on: date = NEW_YEAR + timedelta(days=2),
    **rest: Any,
) -> Event:
    """Somebody tells the serial of a unit that was sold without one."""
    at = datetime.combine(on, time(12), UTC)
    fact = SerialAttached(warranty=warranty, serial=serial, attached_at=at)
    return an_event(fact, by=by, day=on, **rest)


def a_transfer(
    warranty: str,
    *,
    by: str = "portal",
    on: date = NEW_YEAR + timedelta(days=30),
    reference: str = "hand-1",
    given_by: str | None = None,
    **rest: Any,
) -> Event:
    """A unit goes to `customer`, bob unless said otherwise."""
    fact = OwnershipTransferred(
        warranty=warranty,
        reference=reference,
        transferred_at=datetime.combine(on, time(12), UTC),
        zone="UTC",
        given_by=given_by,
    )
    return an_event(fact, by=by, day=on, **{"customer": "bob", **rest})


Choose = Callable[[int], int]
"""Which of so many letters is delivered next."""


@dataclass(slots=True)
class Story:
    """What was told so far, and what became of it."""

    tenant: Tenant = TENANT
    said: list[Fact] = field(default_factory=list)
    settled: dict[int, Settled] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)
    letters: list[Event] = field(default_factory=list)
    timers: dict[tuple[str, str], datetime] = field(default_factory=dict)
    moves: list[tuple[Outcome | None, Outcome]] = field(default_factory=list)
    policies: list[PolicyVersion] = field(default_factory=list)
    shop: dict[tuple[str, str, str], ShopAnswer] = field(default_factory=dict)
    """What a shop answered, by event, order and product."""
    catalog: CatalogStory = field(default_factory=CatalogStory)
    places: dict[int, str] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)
    """What was decided, in the order in which it was; early events when their turn came."""
    _heads: dict[str, bytes] = field(default_factory=dict)
    _rows: dict[str, dict[str, bytes]] = field(default_factory=dict)
    _inboxes: dict[str, Inbox] = field(default_factory=dict)
    _names: dict[tuple[str, str, str], NameHolder] = field(default_factory=dict)
    _count: int = 0

    def given(self, *events: Event) -> None:
        """Tell events one after another, each letter delivered before the next."""
        for event in events:
            self.tell(event)
            self.deliver()

    def tell(self, event: Event, known: Known | None = None) -> None:
        """Tell an event and leave its letters undelivered; `known` is what was looked up before."""
        self.told.append(self._count)
        self._decide(event, known)

    def deliver(self, choose: Choose = lambda _: 0) -> None:
        """Deliver letters, and the letters they cause, until none is left."""
        while self.letters:
            letter = self.letters.pop(choose(len(self.letters)))
            if letter.type in PROCESSOR.letters:
                self.catalog.take(letter)
                self._answered(letter)
            else:
                self._decide(letter)

    def move_stock(self, reference: str, quantity: int, **rest: Any) -> None:
        """Tell the catalogue a movement; what waits for it hears of it."""
        self.catalog.waiting = self._waiting
        self.catalog.move(reference, quantity, **rest)
        fact = StockWanted(effect=reference, product="-")
        heard = an_event(fact, by="depot", day=date(2026, 2, 10), id=f"moved-{reference}")
        self._answered(heard)
        self.deliver()

    def _waiting(self, value: str) -> tuple[NameHolder, ...]:
        return tuple(
            one
            for (kind, _, name), one in sorted(self._names.items())
            if kind == "stock_wanted" and name.startswith(value)
        )

    def _answered(self, cause: Event) -> None:
        """What the catalogue wrote back about its last event."""
        for number, letter in enumerate(self.catalog.settled[-1].letters):
            self.letters.append(_posted(cause, number, letter))

    def pass_days(self, days: int) -> None:
        """Let the timers of so many days come due, in order, letters delivered."""
        start = min(self.timers.values(), default=datetime.combine(NEW_YEAR, time(12), UTC))
        until = start + timedelta(days=days - 1)
        while due := sorted((at, key) for key, at in self.timers.items() if at <= until):
            at, key = due[0]
            del self.timers[key]
            self._fire(key, at)
            self.deliver()

    def lookups(self, event: Event) -> Known:
        """What the ledger would look up for an event now."""
        known = Known()
        self._look_up(event, known)
        return known

    def _look_up(self, event: Event, known: Known) -> None:
        for _ in range(ROUNDS):
            asks = known.missing(PROCESSOR.needs(event, known))
            known.answers.update({ask: self._answer(ask) for ask in asks})
        assert not known.missing(PROCESSOR.needs(event, known))

    @property
    def outcomes(self) -> list[Outcome]:
        return [self.settled[number].outcome for number in self.told]

    @property
    def answers(self) -> list[Any]:
        return [json.loads(self.settled[number].answer) for number in self.told]

    @property
    def codes(self) -> list[str]:
        """The reasons of all refusals said, as codes."""
        facts = [fact for fact in self.said if isinstance(fact, WarrantyRefused)]
        return [reason.code for fact in facts for reason in fact.reasons]

    @property
    def words(self) -> list[str]:
        """What was said, one line each, as a person would note it."""
        return [_words(fact) for fact in self.said]

    @property
    def words_of_units(self) -> list[str]:
        """What was said of warranties, among what was said of claims."""
        about = [one for one in self.said if type(one).__name__.startswith("Warranty")]
        return [_words(fact) for fact in about]

    @property
    def units(self) -> list[Unit]:
        """Every unit of the world, in the order of homes and numbers."""
        homes = [self._home(home, self.tenant.id).state for home in self._heads]
        return [unit for state in homes for unit in state.units.values()]

    @property
    def proposals(self) -> list[Proposal]:
        """Every proposal of the world."""
        homes = [self._home(home, self.tenant.id).state for home in self._heads]
        return [one for state in homes for one in state.proposals.values()]

    @property
    def proofs(self) -> list[Proof]:
        """Every proof of a purchase of the world."""
        homes = [self._home(home, self.tenant.id).state for home in self._heads]
        return [one for state in homes for one in state.proofs.values()]

    @property
    def claims(self) -> list[Claim]:
        """Every claim of the world, by home and number."""
        homes = [self._home(home, self.tenant.id).state for home in self._heads]
        found = (sorted(state.claims.values(), key=lambda one: one.number) for state in homes)
        return [one for mine in found for one in mine]

    @property
    def effects(self) -> list[Effect]:
        """What claims led to."""
        homes = [self._home(home, self.tenant.id).state for home in self._heads]
        found = (sorted(state.effects.values(), key=lambda one: one.number) for state in homes)
        return [one for mine in found for one in mine]

    @property
    def holders(self) -> list[NameHolder]:
        """Every name that somebody holds now."""
        return [one for one in self._names.values() if not one.released]

    @property
    def covered(self) -> list[Unit]:
        return [unit for unit in self.units if unit.status == "covered"]

    @property
    def heads(self) -> list[PurchaseRow]:
        return [msgspec.json.decode(doc, type=PurchaseRow) for doc in self._heads.values()]

    def _decide(self, event: Event, known: Known | None = None) -> None:
        number = self._count
        self._count += 1
        try:
            self._settle(Arrival(event, number), known or self.lookups(event))
        except TakenError:
            self._settle(Arrival(event, number), self.lookups(event))

    def _settle(self, arrival: Arrival, known: Known, home_id: str | None = None) -> None:
        home = self._home(home_id or PROCESSOR.place(arrival.event, known), arrival.event.tenant)
        self.places[arrival.offset] = home.id
        for waiting in waiting_arrivals(PROCESSOR, home):
            self._look_up(waiting.event, known)
        all_settled = settle(PROCESSOR, home, arrival, known)
        for settled in all_settled:
            self._check_names(home, settled)
        for settled in all_settled:
            self._apply(home, settled)
        row = PROCESSOR.take_apart(home.state)
        if row is not None:
            self._heads[home.id] = msgspec.json.encode(row)
        self._inboxes[home.id] = home.inbox

    def _fire(self, key: tuple[str, str], at: datetime) -> None:
        home, name = key
        event = an_event(TimerDue(name=name), by="hub", day=at.date(), id=f"{home}/{name}/{at}")
        number = self._count
        self._count += 1
        arrival = Arrival(msgspec.structs.replace(event, time=at, received_at=at), number)
        self._settle(arrival, self.lookups(arrival.event), home)

    def _home(self, home: str, tenant: str) -> Home:
        """A home as it would be loaded: from its documents, in no particular order."""
        doc = self._heads.get(home)
        head = None if doc is None else msgspec.json.decode(doc, type=PurchaseRow)
        rows = sorted(self._rows.get(home, {}).items())
        state = PROCESSOR.assemble(head, [_stored(name, row) for name, row in rows])
        kept = self._inboxes.get(home, Inbox())
        return Home(home, tenant, 1, Inbox(dict(kept.seen), list(kept.waiting)), state)

    def _check_names(self, home: Home, settled: Settled) -> None:
        for name in settled.names:
            held = self._names.get((name.kind, home.tenant, name.value))
            wants = getattr(name, "home", None) or home.id
            if held is None or held.released:
                continue
            if getattr(name, "free", False) or (held.home != wants and name.kind != MERGES):
                raise TakenError(name.value)

    def _apply(self, home: Home, settled: Settled) -> None:
        self.settled[settled.arrival.offset] = settled
        if settled.outcome is not Outcome.EARLY:
            self.decided.append(settled.arrival.offset)
        self.moves.append((settled.before, settled.outcome))
        assert settled.error is None
        for said in settled.said:
            self.said.append(type(said.fact).model_validate_json(said.fact.model_dump_json()))
        for row in settled.rows:
            self._rows.setdefault(home.id, {})[row.id] = msgspec.json.encode(row)
        for row in settled.founded:
            self.catalog.found(row)
        for name in settled.names:
            self._name(home, name)
        for number, letter in enumerate(settled.letters):
            self.letters.append(_posted(settled.arrival.event, number, letter))
        for timer in settled.timers:
            if isinstance(timer, SetTimer):
                self.timers[home.id, timer.name] = timer.due_at
            else:
                self.timers.pop((home.id, timer.name), None)

    def _name(self, home: Home, name: NameClaim | NameRelease) -> None:
        key = (name.kind, home.tenant, name.value)
        if isinstance(name, NameClaim):
            leads_to = name.home or home.id
            self._names[key] = NameHolder(name.kind, name.value, leads_to, name.id, released=False)
        else:
            self._names[key] = msgspec.structs.replace(self._names[key], released=True)

    def _answer(self, ask: Ask) -> object:  # noqa: PLR0911 - one of each kind of ask
        match ask:
            case AskPolicy(_, name):
                return tuple(one for one in self.policies if one.name == name)
            case AskShop():
                return self.shop.get((ask.event, ask.order, ask.product))
            case AskTenant(tenant):
                return self.tenant if tenant == self.tenant.id else None
            case AskName(kind="product" | "moved"):
                return self.catalog.answer(ask)
            case AskRow(table="product" | "category" | "stock_movement"):
                return self.catalog.answer(ask)
            case AskName(tenant, kind, value, prefix):
                near = (key for key in self._names if key[:2] == (kind, tenant))
                keys = sorted(
                    key for key in near if (key[2].startswith(value) if prefix else key[2] == value)
                )
                return tuple(self._names[key] for key in keys)
            case AskRow("unit" | "claim", identifier):
                docs: Iterable[bytes] = (
                    rows[identifier] for rows in self._rows.values() if identifier in rows
                )
                return next((_stored(identifier, doc) for doc in docs), None)
            case _:
                raise AssertionError(ask)


ROWS: dict[str, type[Row]] = {
    "wty": Unit,
    "prp": Proposal,
    "prf": Proof,
    "clm": Claim,
    "eff": Effect,
}


def _stored(name: str, row: bytes) -> Row:
    return msgspec.json.decode(row, type=ROWS[name.partition("_")[0]])


def _posted(cause: Event, number: int, letter: Letter) -> Event:
    """A letter as it comes out of the target's intake."""
    fact = type(letter.fact).model_validate_json(letter.fact.model_dump_json(exclude_none=True))
    body = sha256(fact.model_dump_json().encode()).hexdigest()
    return Event(
        id=derived_id("ltr", cause.connector, cause.id, str(number)),
        type=fact.TYPE,
        tenant=cause.tenant,
        connector="hub",
        time=cause.time,
        received_at=cause.received_at,
        fact=fact,
        body_hash=body,
    )


def _words(fact: Any) -> str:
    if isinstance(fact, WarrantyRefused):
        return "refused " + ", ".join(f"{r.line or '-'}:{r.code}" for r in fact.reasons)
    name = fact.serial or "unit"
    if isinstance(fact, WarrantyEnded):
        return f"ended {name} {fact.ended_on}"
    verb = fact.TYPE.split(".")[1]
    return f"{verb} {name} {fact.starts_on}..{fact.ends_on} by {fact.connector}"


def rows_of(story: Story) -> Sequence[Row]:
    """All rows of the world, to compare two worlds byte for byte."""
    return [*sorted(story.heads, key=lambda row: row.id), *sorted(story.units, key=lambda u: u.id)]
