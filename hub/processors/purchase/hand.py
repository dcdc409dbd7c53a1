"""What is looked up for what people decide by hand, and where a person's allowance lives."""

from datetime import UTC

from hub.sdk.events import AskPolicy, Event
from schemas.events.decided import OverrideRequested
from schemas.refs import home


def ask_map(event: Event) -> AskPolicy:
    """Who is named for what customers see."""
    return AskPolicy(event.tenant, "setup_map")


def ask_override(event: Event) -> AskPolicy:
    """How much anybody may override."""
    return AskPolicy(event.tenant, "override")


def month_of(event: Event) -> str:
    """The month, in UTC, that an override counts in."""
    return f"{event.time.astimezone(UTC):%Y-%m}"


def allowance_home(event: Event, fact: OverrideRequested) -> str:
    """The home of a person's allowance of a month."""
    return home(event.tenant, "allowance", fact.by.id, month_of(event))
