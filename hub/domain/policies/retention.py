"""For how many days each kind of thing is kept: what the policy says, else the installation, else the default."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, get_args

from schemas.policies.retention import Kind, RetentionPolicy

FLOOR = 31
"""Days. Nothing is gone before Kafka has forgotten what it was made of: else it would come back as new."""
KINDS: tuple[Kind, ...] = get_args(Kind)
DEFAULTS = RetentionPolicy(
    contacts=1_095,
    payloads=180,
    requests=90,
    trail=1_095,
    notes=1_095,
    replays=1_095,
    mails=31,
    files=90,
    results=1_095,
    deliveries=90,
    attempts=90,
)
TAKEN_ALONG: Mapping[Kind, tuple[Kind, ...]] = {"attempts": ("deliveries",)}
"""What may not go while a kind is held, for that would go with it."""


class Kept(NamedTuple):
    """For how long a kind of thing is kept, and who says so."""

    days: int | None
    """None: nothing of it goes by age."""
    why: str


def retention(
    policy: RetentionPolicy | None, installation: RetentionPolicy, on: date
) -> dict[Kind, Kept]:
    """What holds on a day in UTC, of every kind."""
    held = _held(policy, on)
    return {kind: held.get(kind) or _days(kind, policy, installation) for kind in KINDS}


def _held(policy: RetentionPolicy | None, on: date) -> dict[Kind, Kept]:
    found: dict[Kind, Kept] = {}
    for hold in policy.holds if policy else ():
        if hold.until is None or on <= hold.until:
            for kind in (hold.kind, *TAKEN_ALONG.get(hold.kind, ())):
                found[kind] = Kept(None, f"held: {hold.why}")
    return found


def _days(kind: Kind, policy: RetentionPolicy | None, installation: RetentionPolicy) -> Kept:
    for document, who in (
        (policy, "policy"),
        (installation, "HUB_RETENTION"),
        (DEFAULTS, "default"),
    ):
        said: int | None = getattr(document, kind, None)
        if said is None:
            continue
        if said < FLOOR:
            return Kept(FLOOR, f"{who} says {said}; topics remember for 30 days")
        return Kept(said, who)
    raise AssertionError(kind)
