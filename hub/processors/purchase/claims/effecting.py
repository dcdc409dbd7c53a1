"""What a decision leads to outside: each asked for once, taken on, done, or failed."""

from datetime import timedelta

from msgspec.structs import replace

from hub.domain.claims.record import SETTLED, EffectState, Granted
from hub.domain.errors import reject
from hub.domain.serials import normalise
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.claims import costing, replacing
from hub.processors.purchase.claims.answers import Effected
from hub.processors.purchase.claims.asking import TIMER
from hub.processors.purchase.claims.ending import changed, resolve, settle, tell_change
from hub.processors.purchase.claims.finding import claim_here, effect_here
from hub.processors.purchase.claims.gathering import supplier_of
from hub.processors.purchase.claims.moving import HUB, money, source
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import Purchase, Unit
from hub.sdk.decision import ClearTimer, Decision, Letter, Said, SetTimer
from hub.sdk.events import Event, Known, Outcome
from schemas.events.claim import (
    ASKED,
    EffectReported,
    StockPromised,
    StockShort,
    StockWanted,
)
from schemas.refs import home_of, product_home

ASK_AGAIN = timedelta(hours=1)
MOST_CHANGES = 200
"""Of one effect; its end is taken all the same."""
STAGES = ("received", "diagnosed", "repaired", "sent_back")
RANK: dict[EffectState, int] = {
    "waiting": 0,
    "requested": 1,
    "acknowledged": 2,
    "done": 3,
    "failed": 3,
}


def ask(draft: Draft, purchase: Purchase, claim: Claim, event: Event, known: Known) -> Claim:
    """Ask for everything that the verdict grants; a replacement asks the stock first."""
    unit = draft.units.get(claim.warranty) or purchase.units[claim.warranty]
    for granted in claim.verdict.granted if claim.verdict else ():
        effect = _effect(draft, purchase, claim, unit, granted, event)
        if granted.kind == "supplier_recovery":
            effect = replace(effect, supplier=supplier_of(event, known, unit))
        draft.effects[effect.id] = effect
        if granted.kind == "replacement":
            _want_stock(draft, effect, event)
        else:
            _tell(draft, effect)
        if granted.kind == "write_off":
            claim = settle(draft, claim, effect, "done", HUB, event)
    return resolve(draft, purchase, claim, event)


def _effect(  # noqa: PLR0913, PLR0917 - what an effect consists of
    draft: Draft, purchase: Purchase, claim: Claim, unit: Unit, granted: Granted, event: Event
) -> Effect:
    number = len(purchase.effects) + len(draft.effects) + 1
    return Effect(
        id=f"eff_{home_of(claim.id)}_{number}",
        number=number,
        state="waiting" if granted.kind == "replacement" else "requested",
        claim=claim.id,
        warranty=claim.warranty,
        kind=granted.kind,
        asked_at=event.time,
        event=event.id,
        product=unit.product,
        amount=granted.amount,
        currency=granted.currency,
        serial=unit.serial,
        supplier=claim.supplier,
        branch=unit.branch,
        customer=claim.customer,
    )


def _want_stock(draft: Draft, effect: Effect, event: Event) -> None:
    fact = StockWanted(effect=effect.id, product=effect.product)
    draft.letters.append(Letter(fact, product_home(event.tenant, effect.product)))
    draft.timers.append(SetTimer(TIMER + effect.id, event.received_at + ASK_AGAIN))


def _tell(draft: Draft, effect: Effect) -> None:
    fact = ASKED[effect.kind].model_construct(
        effect=effect.id,
        claim=effect.claim,
        warranty=effect.warranty,
        amount=money(effect.amount, effect.currency),
        product=effect.product,
        serial=effect.serial,
        supplier=effect.supplier,
        branch=effect.branch,
        customer=effect.customer,
    )
    draft.said.append(Said(fact, effect.claim))


def ask_stock_again(purchase: Purchase, event: Event, identifier: str) -> Decision[Purchase]:
    """No answer has come: ask once more. The stock answers one effect once."""
    effect, draft = purchase.effects.get(identifier), Draft()
    if effect is None or purchase.row is None or effect.state != "waiting":
        return Decision(purchase)
    _want_stock(draft, effect, event)
    return draft.decision(purchase, purchase.row)


def take_stock(
    purchase: Purchase, event: Event, letter: StockPromised | StockShort
) -> Decision[Purchase]:
    """One is set aside: ask for the replacement. None is: that fails, and people decide anew."""
    effect = effect_here(purchase, letter.effect)
    found, draft = claim_here(purchase, effect.claim), Draft()
    if effect.state != "waiting":
        return Decision(purchase, Outcome.DEDUPLICATED)
    draft.timers.append(ClearTimer(TIMER + effect.id))
    if isinstance(letter, StockPromised):
        effect = changed(effect, "requested", HUB, event)
        draft.effects[effect.id] = effect
        _tell(draft, effect)
        return draft.decision(purchase, found.row)
    reason = "out_of_stock" if letter.known else "stock_unknown"
    claim = settle(draft, found.claim, effect, "failed", HUB, event, reason=reason)
    resolve(draft, purchase, claim, event)
    return draft.decision(purchase, found.row)


def report(purchase: Purchase, event: Event, fact: EffectReported) -> Decision[Purchase]:
    """Take what the other side says of it; what it said before is recognised, in whatever order.

    Raises:
        RejectedError: it was never asked for, or its end was told otherwise.

    """
    effect = effect_here(purchase, fact.effect)
    found, by, draft = claim_here(purchase, effect.claim), source(event), Draft()
    if effect.state == "waiting":
        message = f"{effect.id} waits for stock; it is told as requested when there is some"
        raise reject("effect_not_requested", message)
    stage = fact.state if fact.state in STAGES else None
    if stage is not None and effect.kind != "repair":
        message = f"{effect.id} is a {effect.kind}; say acknowledged, done or failed of it"
        raise reject("stage_of_repair", message)
    after: EffectState = _after(fact)
    late = _is_late(effect, after, stage)
    claim = costing.of_effect(found.claim, effect, fact, by, event, late=late)
    _note_cost(draft, found.claim, claim)
    if not _is_news(effect, after, stage, fact):
        if claim is found.claim:
            return Decision(purchase, Outcome.DEDUPLICATED, Effected.of(effect))
        return draft.decision(purchase, found.row, Effected.of(effect))
    if after not in SETTLED and len(effect.changes) >= MOST_CHANGES:
        message = f"{effect.id} has changed {MOST_CHANGES} times; say when it is done or has failed"
        raise reject("too_many_changes", message)
    effect = replace(effect, reference=fact.reference or effect.reference)
    if after == "done" and effect.kind == "replacement":
        unit = found.unit
        return replacing.send(draft, purchase, found.row, effect, unit, fact, by, event)
    if after in SETTLED:
        claim = settle(draft, claim, effect, after, by, event, why=fact.why)
        resolve(draft, purchase, claim, event)
    else:
        effect = changed(effect, after, by, event, stage=stage, why=fact.why)
        draft.effects[effect.id] = effect
        tell_change(draft, effect)
    return draft.decision(purchase, found.row, Effected.of(draft.effects[effect.id]))


def _note_cost(draft: Draft, before: Claim, claim: Claim) -> None:
    if claim is not before:
        draft.claims[claim.id] = claim
        draft.said.append(costing.said_of(claim, claim.costs[-1]))


def _after(fact: EffectReported) -> EffectState:
    if fact.state == "done" or fact.state == "failed":  # noqa: PLR1714 - mypy narrows this one
        return fact.state
    return "acknowledged"


def _is_late(effect: Effect, after: EffectState, stage: str | None) -> bool:
    """Whether more was told of it before: then this is what it had cost by then."""
    if RANK[after] != RANK[effect.state]:
        return RANK[after] < RANK[effect.state]
    if effect.stage not in STAGES or after in SETTLED:
        return False
    return stage is None or STAGES.index(stage) < STAGES.index(effect.stage)


def _is_news(effect: Effect, after: EffectState, stage: str | None, fact: EffectReported) -> bool:
    """Whether it brings the effect further; what comes late is none.

    Raises:
        RejectedError: it failed or was done, and now the other is said.

    """
    if effect.stage == replacing.SENT and after in SETTLED:
        _check_same(effect, after, fact)
        return False
    if effect.state in SETTLED and after in SETTLED:
        return _ends_otherwise(effect, after)
    if RANK[after] != RANK[effect.state]:
        return RANK[after] > RANK[effect.state]
    if stage is None:
        return fact.reference is not None and fact.reference != effect.reference
    return effect.stage is None or STAGES.index(stage) > STAGES.index(effect.stage)


def _check_same(effect: Effect, after: EffectState, fact: EffectReported) -> None:
    """The new unit is covered, or about to be: no other one is, and it has not failed."""
    told, known = (normalise(one or "") for one in (fact.serial, effect.new_serial))
    if after == "done" and told in {known, ""}:
        return
    if effect.state == "done":
        message = f"{effect.id} was done for good; what happened since is another claim"
        raise reject("effect_settled", message)
    message = f"{effect.id} was told to be done with {effect.new_serial or 'a unit'} a moment ago"
    raise reject("replacement_under_way", f"{message}; look at what becomes of that")


def _ends_otherwise(effect: Effect, after: EffectState) -> bool:
    if effect.state == after:
        return False
    if effect.state == "done" and effect.kind != "replacement":
        return True
    message = f"{effect.id} was {effect.state} for good; what happened since is another claim"
    raise reject("effect_settled", message)
