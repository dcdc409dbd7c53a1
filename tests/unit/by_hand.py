"""What people ask and decide by hand, as a story tells it."""

from datetime import UTC, date, datetime
from typing import Any

from hub.domain.policies.versions import PolicyVersion
from hub.processors.purchase.state import Grant
from hub.sdk.events import Event
from schemas.events.decided import (
    OverrideRequested,
    ProposalApproved,
    ProposalDeclined,
    StatusChangeRequested,
)
from schemas.events.parts import Actor
from schemas.policies.checking import canonical, parse
from tests.unit.documents import DOCUMENTS
from tests.unit.story import Story, a_line, a_sale, an_event

MARCH = date(2026, 3, 10)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def a_policy(
    name: str, document: Any, number: int = 1, begins: datetime = LONG_AGO
) -> PolicyVersion:
    return PolicyVersion(name, number, begins, canonical(parse(name, document)).decode())


def sold(*policies: PolicyVersion) -> tuple[Story, str]:
    """A world with one warranty."""
    story = Story()
    story.policies = list(policies)
    story.given(a_sale(a_line(serials=["SN-1"])))
    story.said.clear()
    return story, story.units[0].id


def who(role: str, name: str = "") -> Actor:
    return Actor(kind="person", id=f"usr_{name or role}", role=role)


def a_change(
    warranty: str,
    change: str = "end",
    *,
    by: Actor,
    on: date = MARCH,
    id: str = "",  # noqa: A002
) -> Event:
    fact = {"warranty": warranty, "change": change, "why": "called the customer", "by": by}
    told = StatusChangeRequested.model_validate(fact)
    return an_event(told, by="portal", day=on, id=id or f"{change}-{by.id}-{on}")


def settled(proposal: str, *, by: Actor, approve: bool = True, id: str = "") -> Event:  # noqa: A002
    model = ProposalApproved if approve else ProposalDeclined
    fact = model(proposal=proposal, why="looked at it", by=by)
    return an_event(fact, by="portal", day=MARCH, id=id or f"{model.__name__}-{by.id}")


def an_override(  # noqa: PLR0913 - what can be asked for
    warranty: str,
    amount: int = 10_000,
    *,
    by: Actor | None = None,
    change: str = "extend",
    until: date | None = date(2029, 1, 1),
    on: date = MARCH,
    id: str,  # noqa: A002
    currency: str = "EUR",
    claim: str | None = None,
) -> Event:
    fact = OverrideRequested.model_validate(
        {
            "warranty": warranty,
            "change": change,
            "until": until if change == "extend" else None,
            "claim": claim,
            "amount": {"amount": amount, "currency": currency},
            "why": "a good customer for years",
            "by": by or who("warranty_manager"),
        }
    )
    return an_event(fact, by="portal", day=on, id=id)


def allowing(count: int = 3, amount: int = 30_000, **more: Any) -> PolicyVersion:
    limits = {"count_per_month": count, "amount_per_month": {"amount": amount, "currency": "EUR"}}
    return a_policy("override", DOCUMENTS["override"] | limits, **more)


def grants(story: Story) -> list[Grant]:
    return [one for head in story.heads if head.allowance for one in head.allowance.grants]
