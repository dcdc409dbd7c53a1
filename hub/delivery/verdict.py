"""What an attempt means for its delivery and for its endpoint. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hub.delivery.masking import storable
from hub.delivery.queue import Claimed, Ended, Heard
from hub.delivery.schedule import ASKS_TO_WAIT, Answer, Fate, fate_of, pause

PROBED_AGAIN = 60.0
"""Seconds until a delivery that found its endpoint away is tried again; others are asked before it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of one attempt."""

    endpoint: str
    version: int
    """Of the endpoint, as it was asked."""
    fate: Fate
    """`dead` also where the schedule is used up."""
    is_there: bool
    """Somebody answered who is not in trouble himself."""
    quiet: float
    """Seconds for which the endpoint asked to be left alone."""
    ended: Ended


def verdict(claimed: Claimed, answer: Answer, took: float, scale: float = 1.0) -> Verdict:
    """What is to become of a delivery after this answer."""
    fate = fate_of(answer)
    counts = not claimed.is_probe
    wait = PROBED_AGAIN * scale
    if counts:
        next_pause = pause(claimed.tries + 1, scale)
        fate = "dead" if next_pause is None and fate == "retry" else fate
        wait = next_pause or 0.0
    asked = (answer.retry_after or 0.0) * scale if fate_of(answer) == "retry" else 0.0
    ended = Ended(
        seq=claimed.seq,
        attempt=claimed.attempt,
        state=_state(fate),
        status=answer.status,
        ms=int(took * 1_000),
        outcome=answer.outcome,
        explained=storable(answer.explained),
        answer=storable(answer.beginning),
        pause=max(wait, asked) if fate in {"retry", "gone"} else 0.0,
        counts=counts and fate not in {"gone", "skipped"},
    )
    is_there = answer.status is not None and fate_of(answer) != "retry"
    quiet = asked if answer.status in ASKS_TO_WAIT else 0.0
    return Verdict(claimed.endpoint, claimed.version, fate, is_there, quiet, ended)


def _state(fate: Fate) -> Literal["waiting", "delivered", "dead", "skipped"]:
    match fate:
        case "delivered" | "dead" | "skipped":
            return fate
        case _:
            return "waiting"


def heard(verdicts: Iterable[Verdict]) -> list[Heard]:
    """What these tell of each endpoint, in the order they came."""
    found: dict[str, Heard] = {}
    for one in verdicts:
        if one.fate == "skipped":
            continue  # nobody was asked
        known = found.get(one.endpoint) or Heard(one.endpoint)
        found[one.endpoint] = Heard(
            one.endpoint,
            known.went_well or one.fate == "delivered",
            known.is_there or one.is_there,
            0 if one.is_there else known.failures + 1,
            max(known.quiet, one.quiet),
        )
    return list(found.values())
