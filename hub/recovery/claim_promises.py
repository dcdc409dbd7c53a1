"""What holds of a claim and of what it led to, whenever one looks: pure, over their rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from hub.domain.claims.life import BEGINNINGS, DECIDED, GRANTED, MOVES
from hub.recovery.claim_rows import Claim, Effect, Move

UNBROKEN = "a claim's history is unbroken and ends where the claim stands"
LEGAL = "a claim moves as its life allows"
DECISION = "a verdict is the last decision of its claim"
GRANTS = "what a verdict grants was asked for once"
EFFECTS = "an effect stands as was told of it last"
OVER = "a claim is resolved once all it led to is done"
COSTS = "a cost is posted once, and what failed costs nothing"


class Broken(NamedTuple):
    """Which promise, of what, and what was found instead."""

    check: str
    where: str
    found: str


def broken(claim: Claim, effects: Sequence[Effect]) -> Iterator[Broken]:
    """What does not hold of a claim and of everything that it led to."""
    yield from _history(claim)
    yield from _verdict(claim)
    yield from _granted(claim, effects)
    for effect in effects:
        yield from _effect(effect)
    yield from _over(claim, effects)
    yield from _costs(claim, effects)


def _history(claim: Claim) -> Iterator[Broken]:
    if not claim.history:
        yield Broken(UNBROKEN, claim.id, "it has none")
        return
    first, last = claim.history[0], claim.history[-1]
    if first.before is not None or first.after not in BEGINNINGS:
        yield Broken(UNBROKEN, claim.id, f"it begins with {_told(first)}")
    for one, then in pairwise(claim.history):
        if then.before != one.after:
            yield Broken(UNBROKEN, claim.id, f"{_told(then)} follows {_told(one)}")
        elif then.after not in MOVES[one.after]:
            yield Broken(LEGAL, claim.id, _told(then))
    if last.after != claim.state:
        yield Broken(UNBROKEN, claim.id, f"it ends with {_told(last)}, it is {claim.state}")


def _told(move: Move) -> str:
    return f"{move.before or 'nothing'} > {move.after}"


def _verdict(claim: Claim) -> Iterator[Broken]:
    decisions = [move.after for move in claim.history if move.after in DECIDED]
    if len(decisions) > 1:
        yield Broken(DECISION, claim.id, f"it was decided {len(decisions)} times")
    told = decisions[-1] if decisions else None
    found = claim.verdict.state if claim.verdict else None
    # What failed may be granted in another way: the claim stays granted, its verdict is the newer one.
    if found != told and not (found in GRANTED and told in GRANTED):
        yield Broken(DECISION, claim.id, f"it was {told or 'not decided'}, its verdict: {found}")


def _granted(claim: Claim, effects: Sequence[Effect]) -> Iterator[Broken]:
    verdict = claim.verdict
    granted = verdict.granted if verdict is not None and verdict.state in GRANTED else ()
    event = verdict.event if verdict is not None else ""
    wanted = Counter((one.kind, one.amount, one.currency) for one in granted)
    asked = Counter((e.kind, e.amount, e.currency) for e in effects if e.event == event)
    for (kind, _, _), count in (wanted - asked).items():
        yield Broken(GRANTS, claim.id, f"{count} {kind} granted and not asked for")
    for (kind, _, _), count in (asked - wanted).items():
        yield Broken(GRANTS, claim.id, f"{count} {kind} asked for beyond what was granted")
    before = [one for one in effects if one.event != event]
    left = [one.id for one in before if not one.is_over]
    if left or (before and all(one.state == "done" for one in before)):
        ids = ", ".join(left or [one.id for one in before])
        yield Broken(GRANTS, claim.id, f"{ids} of another decision, of which nothing failed")


def _effect(effect: Effect) -> Iterator[Broken]:
    told = effect.changes[-1].state if effect.changes else _first(effect)
    if effect.state != told:
        yield Broken(EFFECTS, effect.id, f"it was told to be {told}, it is {effect.state}")
    if (effect.replaced_by is not None) != (effect.kind == "replacement" and told == "done"):
        yield Broken(EFFECTS, effect.id, f"a {effect.kind}, {told}, with {effect.replaced_by}")


def _first(effect: Effect) -> str:
    return "waiting" if effect.kind == "replacement" else "requested"


def _over(claim: Claim, effects: Sequence[Effect]) -> Iterator[Broken]:
    left = [one.id for one in effects if not one.is_over]
    if claim.state in GRANTED and effects and all(one.state == "done" for one in effects):
        yield Broken(OVER, claim.id, f"it is {claim.state}, and nothing is left to be done")
    if claim.state == "resolved" and left:
        yield Broken(OVER, claim.id, f"it is resolved, and {', '.join(left)} is to be done")


def _costs(claim: Claim, effects: Sequence[Effect]) -> Iterator[Broken]:
    told = Counter((one.source, one.reference) for one in claim.costs)
    for (source, reference), count in told.items():
        if count > 1:
            yield Broken(COSTS, claim.id, f"{source} {reference} is posted {count} times")
    ids = [one.id for one in claim.costs]
    if ids != [str(number + 1) for number in range(len(ids))]:
        yield Broken(COSTS, claim.id, f"its postings are {', '.join(ids)}")
    for effect in effects:
        amounts = [one.amount for one in claim.costs if one.effect == effect.id]
        left = sum(amounts)
        if effect.state == "failed" and left:
            yield Broken(COSTS, effect.id, f"it failed, and {left} is posted of it")
        if effect.state == "done" and _is_paid(effect) and not amounts:
            yield Broken(COSTS, effect.id, "it is done, and nothing is posted of it")


def _is_paid(effect: Effect) -> bool:
    return bool(effect.amount) and effect.currency is not None and effect.kind != "repair"
