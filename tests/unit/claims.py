"""What is told and decided of claims, as a story tells it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hub.domain.policies.versions import PolicyVersion
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.sdk.events import CustomerRef, Event
from schemas.base import Fact
from schemas.events.claim import (
    ApprovalGiven,
    ClaimAnswered,
    ClaimClosed,
    ClaimEvidenceAdded,
    ClaimFiled,
    ClaimMoved,
    ClaimWithdrawn,
    CostPosted,
    CostVerified,
    DenialGiven,
    EffectAsked,
    EffectReported,
    EvidenceSettled,
    NoteWritten,
    QuestionAsked,
    ReviewBegun,
)
from schemas.events.parts import Actor
from tests.unit.by_hand import a_policy, who
from tests.unit.story import NEW_YEAR, Story, a_line, a_sale, an_event

FEBRUARY = date(2026, 2, 10)
PHOTO = "med_" + "0a" * 16
OTHER = "med_" + "0b" * 16
MANAGER = who("warranty_manager")
OWNER = who("owner")
EUR = "EUR"
Doc = dict[str, Any]


def evidence(*required: str, missing: str = "block", **rest: Any) -> PolicyVersion:
    return a_policy(
        "evidence", {"default": {"required": list(required), "missing": missing, **rest}}
    )


def rules(*given: Doc) -> PolicyVersion:
    return a_policy("claim_rules", {"rules": list(given)})


def a_rule(code: str, then: str, **rest: Any) -> Doc:
    when = {name: rest.pop(name) for name in list(rest) if name not in {"resolutions", "reason"}}
    return {"code": code, "when": when, "then": then, **rest}


def covered(*policies: PolicyVersion, price: int | None = 10_000, **line: Any) -> tuple[Story, str]:
    """A world with one warranty that a till sold."""
    story = Story()
    story.policies = list(policies)
    priced = {"price": {"amount": price, "currency": EUR}} if price is not None else {}
    story.given(a_sale(a_line(serials=["SN-1"], **priced, **line)))
    story.said.clear()
    return story, story.units[0].id


def filed(  # noqa: PLR0913 - an envelope and a claim
    warranty: str | None = None,
    issue: str | None = "broken",
    *,
    by: str = "portal",
    on: date = FEBRUARY,
    words: str = "",
    customer: str | None = None,
    id: str | None = None,  # noqa: A002
    **fact: Any,
) -> Event:
    given = {
        "warranty": warranty,
        "issue": issue,
        "filed_at": datetime.combine(on, time(12), UTC),
        "zone": "UTC",
        **fact,
    }
    event = an_event(ClaimFiled.model_validate(given), by=by, day=on, id=id, customer=customer)
    return _speaking(event, words) if words else event


def _speaking(event: Event, words: str) -> Event:
    """The event after the words were taken out of it."""
    import msgspec  # noqa: PLC0415

    before = event.customer
    ref = before.ref if before else "cus_anonymous"
    who = CustomerRef(ref, before.ref if before else None, contact=words, spoke=True)
    return msgspec.structs.replace(event, customer=who)


def told(
    fact: Fact, *, by: str = "portal", on: date = FEBRUARY, words: str = "", **rest: Any
) -> Event:
    event = an_event(fact, by=by, day=on, **rest)
    return _speaking(event, words) if words else event


def shown(
    claim: str, *, by: str = "portal", on: date = FEBRUARY, words: str = "", **rest: Any
) -> Event:
    return told(ClaimEvidenceAdded(claim=claim, **rest), by=by, on=on, words=words)


def reviewed(claim: str, *, by: Actor = MANAGER, on: date = FEBRUARY) -> Event:
    return told(ReviewBegun(claim=claim, by=by), by="desk", on=on)


def approved(  # noqa: PLR0913 - an envelope and an approval
    claim: str,
    *kinds: str | tuple[str, int],
    by: Actor = MANAGER,
    on: date = FEBRUARY,
    partial: bool = False,
    id: str | None = None,  # noqa: A002
    notify: bool | None = None,
) -> Event:
    wanted = [
        {"kind": kind}
        if isinstance(kind, str)
        else {"kind": kind[0], "amount": {"amount": kind[1], "currency": EUR}}
        for kind in kinds
    ]
    given = {"claim": claim, "resolutions": wanted, "why": "seen it", "by": by, "partial": partial}
    fact = ApprovalGiven.model_validate(given | {"notify_customer": notify})
    return told(fact, by="desk", on=on, id=id or f"ok-{claim}-{by.id}-{kinds}-{on}-{partial}")


def denied(  # noqa: PLR0913 - an envelope and a denial
    claim: str,
    reason: str = "customer_damage",
    *,
    by: Actor = MANAGER,
    on: date = FEBRUARY,
    id: str | None = None,  # noqa: A002
    notify: bool | None = None,
) -> Event:
    given = {"claim": claim, "reason": reason, "why": "it was dropped", "by": by}
    given["notify_customer"] = notify
    fact = DenialGiven.model_validate(given)
    return told(fact, by="desk", on=on, id=id or f"no-{claim}-{by.id}-{reason}-{on}")


def asked(
    claim: str,
    words: str = "con_q",
    *,
    by: Actor = MANAGER,
    on: date = FEBRUARY,
    notify: bool | None = None,
) -> Event:
    fact = QuestionAsked(claim=claim, by=by, notify_customer=notify)
    return told(fact, by="desk", on=on, words=words, id=f"ask-{words}")


def answered(claim: str, words: str = "con_a", *, by: str = "portal", on: date = FEBRUARY) -> Event:
    return told(ClaimAnswered(claim=claim), by=by, on=on, words=words, id=f"ans-{words}")


def noted(claim: str, words: str = "con_n", *, by: Actor = MANAGER) -> Event:
    return told(NoteWritten(claim=claim, by=by), by="desk", words=words, id=f"note-{words}")


def settled(claim: str, piece: str, *, good: bool, by: Actor = MANAGER) -> Event:
    fact = EvidenceSettled(claim=claim, piece=piece, good=good, why="blurred", by=by)
    return told(fact, by="desk", id=f"piece-{piece}-{good}")


def withdrawn(claim: str, *, by: str = "portal", on: date = FEBRUARY) -> Event:
    return told(ClaimWithdrawn(claim=claim, why="it works again"), by=by, on=on)


def closed(claim: str, *, by: Actor = MANAGER, on: date = FEBRUARY) -> Event:
    fact = ClaimClosed(claim=claim, why="all is done", by=by)
    return told(fact, by="desk", on=on, id=f"close-{by.id}-{on}")


def reported(
    effect: str,
    state: str,
    *,
    by: str = "workshop",
    on: date = FEBRUARY,
    cost: int | None = None,
    **rest: Any,
) -> Event:
    money = {"cost": {"amount": cost, "currency": EUR}} if cost is not None else {}
    fact = EffectReported.model_validate({"effect": effect, "state": state, **money, **rest})
    return told(fact, by=by, on=on)


def posted(claim: str, reference: str, amount: int, *, by: str = "books", **rest: Any) -> Event:
    given = {"kind": "parts", "amount": {"amount": amount, "currency": EUR}, **rest}
    fact = CostPosted.model_validate({"claim": claim, "reference": reference, **given})
    return told(fact, by=by)


def verified(claim: str, posting: str, *, by: Actor = OWNER) -> Event:
    fact = CostVerified(claim=claim, posting=posting, why="the bill is here", by=by)
    return told(fact, by="desk")


def the_claim(story: Story) -> Claim:
    (claim,) = story.claims
    return claim


def the_effect(story: Story) -> Effect:
    (effect,) = story.effects
    return effect


def moves(story: Story) -> list[str]:
    """The transitions that were said, as `before > after`, with the reason where one is told."""
    return [_move(fact) for fact in story.said if isinstance(fact, ClaimMoved)]


def _move(fact: ClaimMoved) -> str:
    after = fact.TYPE.split(".")[1]
    return f"{fact.before or 'new'} > {after}" + (f" ({fact.reason})" if fact.reason else "")


def asks(story: Story) -> list[str]:
    """What was asked of others."""
    return [fact.TYPE for fact in story.said if isinstance(fact, EffectAsked)]


def days(number: int) -> date:
    return NEW_YEAR + timedelta(days=number)
