"""How an effect comes further and ends, and with the last of them the claim."""

from typing import Any

from msgspec.structs import replace

from hub.domain.claims.life import GRANTED
from hub.domain.claims.record import SETTLED, By, Change, EffectState
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.claims.costing import said_of, settled
from hub.processors.purchase.claims.moving import HUB, move
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import Purchase
from hub.sdk.decision import Letter, Said
from hub.sdk.events import Event
from schemas.events.claim import EffectChanged, StockReleased
from schemas.refs import product_home


def changed(  # noqa: PLR0913 - what a change consists of
    effect: Effect,
    state: EffectState,
    by: By,
    event: Event,
    *,
    stage: str | None = None,
    why: str = "",
    reason: str | None = None,
) -> Effect:
    note = Change(state, event.time, by, stage, why or reason or "", event.id)
    return replace(
        effect,
        state=state,
        stage=stage or effect.stage,
        reason=reason if state == "failed" else None,
        changes=(*effect.changes, note),
    )


def tell_change(draft: Draft, effect: Effect) -> None:
    """Tell that it came further."""
    state: Any = effect.state
    fact = EffectChanged.model_construct(
        effect=effect.id,
        claim=effect.claim,
        warranty=effect.warranty,
        kind=effect.kind,
        state=state,
        stage=effect.stage,
        reference=effect.reference,
        reason=effect.reason,
        replaced_by=effect.replaced_by,
        branch=effect.branch,
        supplier=effect.supplier,
    )
    draft.said.append(Said(fact, effect.claim))


def settle(  # noqa: PLR0913, PLR0917 - what an end consists of
    draft: Draft,
    claim: Claim,
    effect: Effect,
    state: EffectState,
    by: By,
    event: Event,
    *,
    why: str = "",
    reason: str | None = None,
) -> Claim:
    """It is done or failed: its cost is posted, or taken back, and what was set aside is free."""
    code = reason or ("reported" if state == "failed" else None)
    effect = changed(effect, state, by, event, why=why, reason=code)
    draft.effects[effect.id] = effect
    tell_change(draft, effect)
    before = claim
    claim = settled(claim, effect, event)
    if claim is not before:
        draft.said.append(said_of(claim, claim.costs[-1]))
    if state == "failed":
        claim = replace(claim, flags=(*claim.flags, f"effect_failed:{effect.id}"))
    if effect.kind == "replacement":
        release(draft, effect, event)
    draft.claims[claim.id] = claim
    return claim


def release(draft: Draft, effect: Effect, event: Event) -> None:
    """Let the stock know that nothing needs to be set aside any more."""
    fact = StockReleased(effect=effect.id, product=effect.product)
    draft.letters.append(Letter(fact, product_home(event.tenant, effect.product)))


def finish(  # noqa: PLR0913, PLR0917 - an effect, and what it ends with
    draft: Draft, purchase: Purchase, claim: Claim, effect: Effect, by: By, event: Event
) -> Claim:
    """It is done, and so perhaps is the claim."""
    claim = settle(draft, claim, effect, "done", by, event)
    return resolve(draft, purchase, claim, event)


def resolve(draft: Draft, purchase: Purchase, claim: Claim, event: Event) -> Claim:
    """Resolve a claim of which everything is done; after a failure, people decide."""
    effects = {**purchase.effects, **draft.effects}
    mine = [one for one in effects.values() if one.claim == claim.id]
    open_failures = any(flag.startswith("effect_failed:") for flag in claim.flags)
    over = all(one.state in SETTLED for one in mine) and not open_failures
    if claim.state in GRANTED and mine and over:
        return move(draft, claim, "resolved", HUB, event, reason="done")
    return claim
