"""Where what is told of a claim lives, and what is looked up for it."""

from collections.abc import Iterator
from functools import lru_cache

from hub.domain.serials import name_prefix, normalise
from hub.processors.catalog.state import MOVEMENTS, PRODUCTS
from hub.processors.purchase.claim_rows import CLAIMS, Claim
from hub.processors.purchase.customers import ask_traits
from hub.processors.purchase.names import ask_serial, of_units
from hub.processors.purchase.state import UNITS, Unit
from hub.sdk.events import Ask, AskName, AskPolicy, AskRow, Event, Known, NameHolder, TimerDue
from schemas.base import Fact
from schemas.catalogue import CLAIM_BY_HAND, CLAIM_LETTERS, CLAIM_TOLD
from schemas.events.claim import (
    ClaimFiled,
    ClaimStirred,
    EffectReported,
    ReplacementRefused,
    ReplacementTaken,
    StockPromised,
    StockShort,
    UnitReplaced,
)
from schemas.refs import (
    home,
    home_of,
    product_home,
    product_id,
    reference_home,
    serial_home,
)

CLAIM = "claim"
"""The kind of name under which a claim is found by its source's reference."""
MOVED = "moved"
"""Of the catalog's: which movements of stock named a serial."""
STOCK_WANTED = "stock_wanted"
"""Under which the catalog finds the claims that wait for a movement of a serial."""
TIMER = "claim/"
OF_CLAIMS = frozenset(fact.TYPE for fact in (*CLAIM_TOLD, *CLAIM_BY_HAND, *CLAIM_LETTERS))
WEIGHED_BY = ("evidence", "stock", "claim_rules", "issue_types", "approval", "required_fields")
OF_EFFECTS = (EffectReported, StockPromised, StockShort, ReplacementTaken, ReplacementRefused)


def is_of_claims(event: Event) -> bool:
    """Whether it is about a claim: its timers are told from others by name."""
    # By the type's name first: it is far cheaper than asking a pydantic model's class.
    if event.type == TimerDue.TYPE:
        return claim_of_timer(event.fact) is not None
    return event.type in OF_CLAIMS


def claim_of_timer(fact: Fact) -> str | None:
    """The claim or effect that a timer looks after."""
    if isinstance(fact, TimerDue) and fact.name.startswith(TIMER):
        return fact.name.removeprefix(TIMER)
    return None


@lru_cache(maxsize=4096)
def ask_policy(tenant: str, name: str) -> AskPolicy:
    """Every version of a policy that claims are decided by."""
    return AskPolicy(tenant, name)


def ask_reference(event: Event, fact: ClaimFiled) -> AskName:
    """Which claim a source told of before under that reference."""
    return AskName(event.tenant, CLAIM, reference_name(event, fact))


def reference_name(event: Event, fact: ClaimFiled) -> str:
    """Under what name a claim is found by its source's reference."""
    # Looked up whole, so it must not contain the separator up to which names are looked up.
    return home(event.tenant, CLAIM, fact.source or event.connector, fact.reference or "")


def ask_moved(tenant: str, norm: str) -> AskName:
    """Which movements of stock named that serial."""
    return AskName(tenant, MOVED, name_prefix(norm), prefix=True)


def ask_product(tenant: str, key: str) -> AskRow:
    """What the catalogue has of a product, where its key is a code."""
    return AskRow(PRODUCTS.table, product_id(product_home(tenant, key)))


def needs_claim(event: Event, known: Known) -> Iterator[Ask]:
    """The policies, the claim, its unit, and what is known of the unit's stock and product."""
    fact = event.fact
    if isinstance(fact, UnitReplaced):
        if fact.serial is not None:
            yield ask_serial(event.tenant, normalise(fact.serial))
        return
    yield from (ask_policy(event.tenant, name) for name in WEIGHED_BY)
    if isinstance(fact, ClaimFiled):
        yield from _of_filing(event, fact, known)
        return
    if (identifier := identifier_of(fact)) and not isinstance(fact, OF_EFFECTS):
        if isinstance(fact, ClaimStirred):
            # Its unit may have another serial by now than stands in the claim: asked for at once, it
            # leads to every movement in time, so that this letter never has to be written again.
            yield from _of_unit(event, known, fact.warranty)
        ask = AskRow(CLAIMS.table, identifier)
        yield ask
        yield from _of_claim(event, known, ask)


def identifier_of(fact: Fact) -> str:
    """The claim or effect that is spoken of; empty where none is."""
    named = getattr(fact, "effect", "") or getattr(fact, "claim", "")
    return claim_of_timer(fact) or str(named)


def _of_filing(event: Event, fact: ClaimFiled, known: Known) -> Iterator[Ask]:
    if fact.reference is not None:
        # What it is of would take a round too many: where only the reference is told, a letter weighs it.
        yield ask_reference(event, fact)
    if fact.warranty is not None:
        yield from _of_unit(event, known, fact.warranty)
    elif fact.serial is not None:
        norm = normalise(fact.serial)
        serial = ask_serial(event.tenant, norm)
        yield serial
        # Not by way of its unit, which would take a round too many.
        yield from _of_movements(event, known, norm)
        holders = of_units(known.names(serial)) if serial in known.answers else ()
        for holder in holders:
            yield from _of_unit(event, known, holder.id)


def _of_claim(event: Event, known: Known, ask: AskRow) -> Iterator[Ask]:
    claim = known.answers.get(ask)
    if isinstance(claim, Claim):
        # What it is of stands in the claim as well: that is one round less.
        yield from asks_thing(event, known, claim.product, claim.serial_norm)
        yield from _of_unit(event, known, claim.warranty)
        if claim.claimant is not None:
            yield ask_traits(event.tenant, claim.claimant)


def _of_unit(event: Event, known: Known, warranty: str) -> Iterator[Ask]:
    ask = AskRow(UNITS.table, warranty)
    yield ask
    unit = known.answers.get(ask)
    if isinstance(unit, Unit):
        yield from asks_thing(event, known, unit.product, unit.serial_norm)
        # Whoever claims may be one with an owner by now.
        yield from (ask_traits(event.tenant, one) for one in owners_of(unit))


def owners_of(unit: Unit) -> list[str]:
    """Whoever owned it at any time, by what was told."""
    told = {one.customer for one in unit.reports} | {one.customer for one in unit.transfers}
    return sorted(one for one in {unit.customer, *told} if one is not None)


def asks_thing(event: Event, known: Known, product: str, norm: str | None) -> Iterator[Ask]:
    """What is known of a product, and of the movements of a serial."""
    yield ask_product(event.tenant, product)
    if norm is not None:
        yield from _of_movements(event, known, norm)


def _of_movements(event: Event, known: Known, norm: str) -> Iterator[Ask]:
    ask = ask_moved(event.tenant, norm)
    yield ask
    holders = known.names(ask) if ask in known.answers else ()
    yield from (AskRow(MOVEMENTS.table, holder.id) for holder in holders)


def place_claim(event: Event, known: Known) -> str:
    """The home of the warranty that is spoken of; what names none is refused in a home of its own."""
    fact = event.fact
    if isinstance(fact, ClaimFiled):
        return _home_of_filing(event, fact, known)
    if isinstance(fact, UnitReplaced):
        return home_of_new(event, fact)
    return _home_in(event, identifier_of(fact))


def home_of_new(event: Event, letter: UnitReplaced) -> str:
    """Where a unit lives that takes the place of another."""
    if letter.serial is None:
        return reference_home(event.tenant, "hub", letter.effect)
    return serial_home(event.tenant, normalise(letter.serial))


def _home_of_filing(event: Event, fact: ClaimFiled, known: Known) -> str:
    if fact.reference is not None and (held := known.names(ask_reference(event, fact))):
        return held[0].home
    if fact.warranty is not None:
        return _home_in(event, fact.warranty)
    holders = holders_of(event, fact, known)
    if len(holders) == 1:
        return holders[0].home
    return home(event.tenant, "unknown", normalise(fact.serial or ""))


def holders_of(event: Event, fact: ClaimFiled, known: Known) -> list[NameHolder]:
    """The units that may be meant by a serial: one that came back only where nobody else has it."""
    if fact.serial is None:
        return []
    found = list(of_units(known.names(ask_serial(event.tenant, normalise(fact.serial)))))
    return [one for one in found if not one.released] or found


def _home_in(event: Event, identifier: str) -> str:
    try:
        return home_of(identifier)
    except ValueError:
        return home(event.tenant, "unknown", identifier)
