"""A replacement: the old unit is closed, and the new one inherits the rest of its term in a home of its own."""

from collections.abc import Iterator

from msgspec.structs import replace

from hub.domain.by_hand import Decided
from hub.domain.claims.record import By, Change
from hub.domain.coverage import day_of
from hub.domain.errors import reject
from hub.domain.reports import REGISTRATION, SALE, Report
from hub.domain.serials import name_value, normalise
from hub.processors.purchase.claim_rows import Effect
from hub.processors.purchase.claims.answers import Effected
from hub.processors.purchase.claims.asking import home_of_new
from hub.processors.purchase.claims.ending import finish, tell_change
from hub.processors.purchase.claims.finding import claim_here, effect_here
from hub.processors.purchase.claims.gathering import price_of
from hub.processors.purchase.claims.moving import HUB, money
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.names import ask_serial, of_units
from hub.processors.purchase.state import COVERED, ENDED, Purchase, PurchaseRow, Unit
from hub.processors.purchase.units import Thing, found, join, order_of
from hub.sdk.decision import Decision, Letter, Said
from hub.sdk.events import Event, Known, Outcome
from schemas.events.claim import (
    EffectReported,
    ReplacementRefused,
    ReplacementTaken,
    UnitReplaced,
)
from schemas.events.parts import Product
from schemas.events.warranty import WarrantyEnded
from schemas.refs import home_of

NAMESPACE = "replacement"
"""Of the orders under which units are reported that replaced others."""
SENT = "sent"
"""The stage of a replacement whose new unit is not covered yet."""


def send(  # noqa: PLR0913, PLR0917 - an effect, its unit, and what is told of it
    draft: Draft,
    purchase: Purchase,
    row: PurchaseRow,
    effect: Effect,
    unit: Unit,
    fact: EffectReported,
    by: By,
    event: Event,
) -> Decision[Purchase]:
    """Have the new unit covered under its own serial; the effect is done when that has answered."""
    if unit.serial is not None and fact.serial is None:
        message = f"{effect.id} replaces serial {unit.serial!r}; send the serial of the new unit"
        raise reject("serial_missing", message)
    norm = normalise(fact.serial) if fact.serial else None
    if norm is not None and norm == unit.serial_norm:
        raise reject("serial_same", "that is the serial of the old unit; send that of the new one")
    claim = claim_here(purchase, effect.claim).claim
    day = day_of(event.time, claim.zone)
    letter = UnitReplaced.model_construct(
        effect=effect.id,
        warranty=unit.id,
        product=unit.product,
        goods=_goods(unit),
        serial=fact.serial,
        replaced_on=day,
        ends_on=unit.ends_on,
        branch=unit.branch,
        customer=unit.customer,
        price=money(*(price_of(purchase, unit) or (None, None))),
    )
    draft.letters.append(Letter(letter, home_of_new(event, letter)))
    note = Change("acknowledged", event.time, by, SENT, fact.why, event.id)
    changes = (*effect.changes, note)
    effect = replace(
        effect,
        state="acknowledged",
        stage=SENT,
        new_serial=fact.serial,
        changes=changes,
        reason=None,
    )
    draft.effects[effect.id] = effect
    tell_change(draft, effect)
    return draft.decision(purchase, row, Effected.of(effect))


def _goods(unit: Unit) -> Product:
    """The product as far as its key tells."""
    return Product.model_construct(code=unit.product, brand=None, name=None)


def take(
    purchase: Purchase, event: Event, letter: UnitReplaced, known: Known
) -> Decision[Purchase]:
    """Cover the new unit, from the day of the replacement to the last day of the old one."""
    place = home_of_new(event, letter)
    mine = next(
        (
            unit
            for unit in purchase.units.values()
            if any((r.namespace, r.reference) == (NAMESPACE, letter.effect) for r in unit.reports)
        ),
        None,
    )
    if mine is not None:
        return Decision(purchase, Outcome.DEDUPLICATED, letters=(_taken(letter, mine),))
    norm = normalise(letter.serial) if letter.serial else ""
    known_one = _registered(purchase, letter, norm)
    if known_one is None and norm and _is_taken(event, letter, norm, known):
        refused = ReplacementRefused(
            effect=letter.effect,
            code="serial_taken",
            reason="another warranty has the serial that was told of the new unit",
        )
        return Decision(purchase, letters=(Letter(refused, home_of(letter.effect)),))
    draft = Draft()
    report = _report(event, letter)
    if known_one is None:
        thing = Thing(letter.goods, letter.product, letter.serial or "", norm)
        unit = found(draft, place, len(purchase.units) + 1, thing, report)
    else:
        unit = join(draft, known_one, report)
    prices = (*unit.prices, *_prices(letter))
    unit = replace(unit, replaces=letter.warranty, prices=prices)
    draft.units[unit.id] = unit
    draft.letters.append(_taken(letter, unit))
    return draft.decision(purchase, purchase.row or PurchaseRow(place))


def _registered(purchase: Purchase, letter: UnitReplaced, norm: str) -> Unit | None:
    """The unit, where its new owner registered it before it was told to be sent."""
    about = (norm, letter.product, COVERED, None)
    return next(
        (
            unit
            for unit in purchase.units.values()
            if (unit.serial_norm, unit.product, unit.status, unit.replaces) == about
            and unit.reports
            and all(one.by == REGISTRATION for one in unit.reports)
        ),
        None,
    )


def _is_taken(event: Event, letter: UnitReplaced, norm: str, known: Known) -> bool:
    holders = of_units(known.names(ask_serial(event.tenant, norm)))
    value = name_value(norm, letter.product)
    return any(one.value == value and not one.released for one in holders)


def _report(event: Event, letter: UnitReplaced) -> Report:
    return Report(
        connector="hub",
        by=SALE,
        namespace=NAMESPACE,
        reference=letter.effect,
        line="1",
        day=min(letter.replaced_on, letter.ends_on),
        ends_on=letter.ends_on,
        branch=letter.branch,
        customer=letter.customer,
        event=event.id,
    )


def _prices(letter: UnitReplaced) -> Iterator[tuple[str, str, str, int, str]]:
    if letter.price is not None:
        yield "hub", letter.effect, "1", letter.price.amount, letter.price.currency


def _taken(letter: UnitReplaced, unit: Unit) -> Letter:
    fact = ReplacementTaken(effect=letter.effect, warranty=unit.id)
    return Letter(fact, home_of(letter.effect))


def taken(purchase: Purchase, event: Event, letter: ReplacementTaken) -> Decision[Purchase]:
    """Close the old unit: the new one is covered."""
    effect = effect_here(purchase, letter.effect)
    here = claim_here(purchase, effect.claim)
    if effect.state == "done":
        return Decision(purchase, Outcome.DEDUPLICATED)
    draft = Draft()
    effect = replace(effect, replaced_by=letter.warranty)
    _close(draft, here.unit, event, here.claim.zone, effect)
    finish(draft, purchase, here.claim, effect, HUB, event)
    return draft.decision(purchase, here.row)


def _close(draft: Draft, unit: Unit, event: Event, zone: str, effect: Effect) -> None:
    """Its serial stays its own, so that nobody sells the faulty unit once more as new."""
    if unit.status == ENDED:
        # Whatever ended it, its successor is told from it.
        draft.units[unit.id] = replace(unit, replaced_by=effect.replaced_by)
        return
    day = max(day_of(event.time, zone), unit.starts_on)
    note = Decided("end", day, "system", "hub", "hub", f"replaced under {effect.id}")
    ended = replace(
        unit,
        status=ENDED,
        ended_on=day,
        decisions=(*unit.decisions, note),
        replaced_by=effect.replaced_by,
    )
    draft.units[unit.id] = ended
    report = next((one for one in unit.reports if one.by == SALE), unit.reports[0])
    fact = WarrantyEnded.model_construct(
        warranty=unit.id,
        ended_on=day,
        reason="replaced",
        connector="hub",
        order=order_of(report),
        serial=unit.serial,
        branch=unit.branch,
        decided=None,
    )
    draft.said.append(Said(fact, unit.id))


def refused(purchase: Purchase, event: Event, letter: ReplacementRefused) -> Decision[Purchase]:
    """The serial cannot be the new unit's: whoever sends it says another one."""
    effect = effect_here(purchase, letter.effect)
    here = claim_here(purchase, effect.claim)
    if effect.state == "done":
        return Decision(purchase, Outcome.DEDUPLICATED)
    note = Change("acknowledged", event.time, HUB, None, letter.reason, event.id)
    effect = replace(
        effect, stage=None, new_serial=None, reason=letter.code, changes=(*effect.changes, note)
    )
    draft = Draft(effects={effect.id: effect})
    tell_change(draft, effect)
    return draft.decision(purchase, here.row)
