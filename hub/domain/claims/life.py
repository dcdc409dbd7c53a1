"""The life of a claim: one table of what may follow on what."""

from collections import deque

from hub.domain.errors import RejectedError, reject
from schemas.events.claim import State

MOVES: dict[State, frozenset[State]] = {
    "staged": frozenset({"submitted", "cancelled"}),
    "submitted": frozenset({"staged", "under_review", "cancelled"}),
    "under_review": frozenset(
        {"staged", "awaiting_info", "approved", "partially_approved", "denied", "cancelled"}
    ),
    "awaiting_info": frozenset({"under_review", "cancelled"}),
    "approved": frozenset({"resolved"}),
    "partially_approved": frozenset({"resolved"}),
    "denied": frozenset({"resolved"}),
    "resolved": frozenset(),
    "cancelled": frozenset(),
}
"""Back to `staged` leads what a claim rests on being withdrawn before it was decided."""
BEGINNINGS: tuple[State, ...] = ("staged", "submitted")
OPEN: frozenset[State] = frozenset({"staged", "submitted", "under_review", "awaiting_info"})
"""Before a decision: the unit has no second claim of the same issue meanwhile."""
GRANTED: frozenset[State] = frozenset({"approved", "partially_approved"})
DECIDED: frozenset[State] = GRANTED | {"denied"}


def way(before: State, after: State, by_review: frozenset[State] = DECIDED) -> tuple[State, ...]:
    """The states to record from one to another: a decision on a submitted claim reviews it as well.

    What waits for something can be denied all the same: then it was submitted as it is.

    Raises:
        RejectedError: it is no legal move, with those that are.

    """
    if after in MOVES[before]:
        return (after,)
    if before == "submitted" and after in by_review:
        return ("under_review", after)
    if before == "staged" and after == "denied":
        return ("submitted", "under_review", after)
    raise illegal(before, after)


def illegal(before: State, after: State) -> RejectedError:
    """What says that a move is none, and which ones are."""
    legal = sorted(MOVES[before])
    then = f"it can become {' or '.join(legal)}" if legal else "nothing follows on that"
    return reject("illegal_move", f"the claim is {before} and cannot become {after}; {then}")


def reachable(before: State) -> frozenset[State]:
    """Whatever can follow sooner or later."""
    found: set[State] = set()
    left = deque(MOVES[before])
    while left:
        one = left.popleft()
        if one not in found:
            found.add(one)
            left.extend(MOVES[one])
    return frozenset(found)
