"""Versions of a policy, and which of them counts at a moment.

Coverage is asked at the moment of the sale (for a claim, of the incident), evidence at that of the
submission, limits at that of the decision. Where only a day is known, its first moment in the
merchant's zone counts.
"""

from collections.abc import Iterable
from datetime import date, datetime, time

import msgspec

from schemas.events.parts import zone_info


class PolicyVersion(msgspec.Struct, frozen=True, gc=False):
    """One version as whoever decides by it sees it."""

    name: str
    number: int
    effective_from: datetime
    document: str
    """JSON, as the model of this name writes it."""
    hash: str = ""


def policy_in_force(versions: Iterable[PolicyVersion], at: datetime) -> PolicyVersion | None:
    """Of those whose time has come, the one published last; the very moment counts already.

    So a version replaces all that were published before it, also one that was to begin later.
    Nothing is ever published into the past, so what was in force at a moment stays so.
    """
    force: PolicyVersion | None = None
    for one in versions:
        if one.effective_from <= at and (force is None or one.number > force.number):
            force = one
    return force


def beginning_of(day: date, zone: str) -> datetime:
    """The first moment of a day in the merchant's zone."""
    return datetime.combine(day, time(0), zone_info(zone))
