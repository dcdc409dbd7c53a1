"""How endpoints and deliveries stand, in words, and what to do about it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from hub.delivery.endpoints import Endpoint
from hub.delivery.overview import MOST_COUNTED, Overview
from hub.delivery.schedule import DISABLED_AFTER
from hub.web.words import number, span

Level = Literal["fine", "look", "act"]
MINUTE = "%Y-%m-%d %H:%M UTC"

SAID: Mapping[str, str] = MappingProxyType(
    {
        "paused": "It is paused. What is meant for it waits until somebody resumes it.",
        "active": "It is asked again. What waited for it is sent now, no faster than its rate.",
        "test": "A test is on its way. This page says by itself what became of it.",
        "tested": "A test is on its way.",
        "again": "It is under way: what fits is sent again, under the ids it had.",
        "same": "This was asked for a moment ago, and is that replay: nothing was begun twice.",
        "stopped": "No more of it is marked. What is due again already is still sent.",
    }
)
STATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "waits",
        "sending": "is being sent",
        "delivered": "delivered",
        "dead": "dead",
        "given_up": "given up",
        "skipped": "skipped",
        "failed": "failed",
        "unknown": "lost",
        "marking": "under way",
        "marked": "over",
        "stopped": "stopped",
    }
)
"""Of deliveries, attempts and replays."""
MEANS: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "It is tried again by itself until its schedule of three days is used up.",
        "sending": "An attempt is under way at this moment.",
        "delivered": "The receiver took it.",
        "dead": "It is not tried again by itself: read the last attempt, mend what it says, then send it again.",
        "given_up": "Its endpoint was ended before it could arrive.",
        "skipped": "There was nobody to write to, or nothing to write. Nobody failed, and it is not tried again.",
    }
)
LEVELS: Mapping[str, Level] = MappingProxyType(
    {
        "delivered": "fine",
        "marked": "fine",
        "dead": "act",
        "failed": "look",
        "unknown": "look",
        "stopped": "look",
    }
)
SIGNS: Mapping[Level, str] = MappingProxyType({"fine": "✓", "look": "!", "act": "✕"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody has to look after an endpoint, and what they are to do."""

    level: Level
    word: str
    says: str
    do: str = ""


def standing(endpoint: Endpoint, seen: Overview, now: datetime) -> Standing:
    """The worst that can be said of it comes first."""
    waits = _waiting(seen)
    match endpoint:
        case Endpoint(state="disabled"):
            why = f": {endpoint.state_why}" if endpoint.state_why else ""
            says = f"Nothing is sent there any more{why}; {waits}."
            do = "Mend what answers there, then enable it again: what waits is sent then."
            return Standing("act", "disabled", says, do)
        case Endpoint(state="paused"):
            says = f"Somebody paused it: nothing is sent there; {waits}."
            return Standing("look", "paused", says, "Resume it once it may be sent to again.")
        case Endpoint(failing_since=datetime() as since):
            return _failing(endpoint, since, now, waits)
        case _ if seen.dead:
            many = "delivery is dead and is" if seen.dead == 1 else "deliveries are dead and are"
            says = f"It answers, but {counted(seen.dead)} {many} not tried again."
            do = "Read why each was refused, mend that, then send them again."
            return Standing("look", "dead deliveries", says, do)
        case _:
            return Standing("fine", "active", "Nothing is to be done.")


def _failing(endpoint: Endpoint, since: datetime, now: datetime, waits: str) -> Standing:
    until = since + timedelta(seconds=DISABLED_AFTER)
    says = f"Nothing has gone well since {since:{MINUTE}}, for {span((now - since).total_seconds())}; {waits}."
    if endpoint.breaker_since is not None:
        says += " It is asked by one attempt at a time, which uses none of them up."
    do = (
        "Look at the last failure and mend what answers there: it goes on by itself as soon as one arrives. "
        f"If none does, it is disabled at {until:{MINUTE}}."
    )
    is_open = endpoint.breaker_since is not None
    return Standing("act" if is_open else "look", "failing", says, do)


def counted(value: int) -> str:
    """As many as were counted; there may be more."""
    return f"{number(value)} or more" if value >= MOST_COUNTED else number(value)


def _waiting(seen: Overview) -> str:
    waits = f"{counted(seen.waits)} {'waits' if seen.waits == 1 else 'wait'}"
    dead = f", {counted(seen.dead)} {'is' if seen.dead == 1 else 'are'} dead" if seen.dead else ""
    return f"{waits if seen.waits else 'nothing waits'} for it{dead}"
