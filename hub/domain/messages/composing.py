"""A mail to a customer: the merchant's words where he wrote some, else the hub's."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

import msgspec

from hub.domain.claims.wording import sentences
from hub.domain.coverage_words import written
from hub.domain.messages.phrases import CLAIM, TEXTS
from schemas.events.claim import MOVED, ClaimReminded, State
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.messages import Message, MessagesPolicy, Occasion
from schemas.policies.parts import Locale
from schemas.policies.templates import filled
from schemas.policies.wording import WordingPolicy

STATES: Mapping[str, State] = {fact.TYPE: state for state, fact in MOVED.items()} | {
    ClaimReminded.TYPE: "staged"
}
"""Whose sentences are said of a claim."""
MERGED = "merged"
PASSED = "claim.under_review.v1"
"""Every decision passes a review, so that is no news by itself."""
TELLING: tuple[Occasion, ...] = (
    *TEXTS,
    *(cast("Occasion", name) for name in STATES if name != PASSED),
)
"""What customers are told of where nobody chose."""


class Words(msgspec.Struct, frozen=True):
    """In whose words a merchant's customers are spoken to."""

    messages: MessagesPolicy | None = None
    wording: WordingPolicy | None = None
    exclusions: ExclusionsPolicy | None = None


class Composed(msgspec.Struct, frozen=True):
    """Subject and text, before anybody is addressed."""

    subject: str
    text: str


class UnwrittenError(Exception):
    """Customers are not written of that; the message says why."""


def compose(
    occasion: str, data: Mapping[str, Any], about: Mapping[str, str], words: Words, locale: Locale
) -> Composed:
    """The mail about what became of something.

    `data` is the event's own; `about` what else is known, by the names of templates.

    Raises:
        UnwrittenError: there are no words for it.

    """
    if data.get("reason") == MERGED:
        raise UnwrittenError("the cover goes on under another warranty: that is no news to anybody")
    message = _message(occasion, words.messages)
    known = {**about, **dict(_dates(data, locale)), **_claim(occasion, data, about, words, locale)}
    return as_written(message, known, locale)


def as_written(message: Message, about: Mapping[str, str], locale: Locale) -> Composed:
    """The message with what it is about."""
    subject, text = message.subject.in_locale(locale), message.text.in_locale(locale)
    return Composed(filled(subject, dict(about)), filled(text, dict(about)) + "\n")


def _message(occasion: str, messages: MessagesPolicy | None) -> Message:
    name = cast("Occasion", occasion)
    own = messages.messages.get(name) if messages else None
    found = own or (CLAIM if occasion in STATES else TEXTS.get(name))
    if found is None:
        raise UnwrittenError(f"nobody has written what customers read of {occasion}")
    return found


def _dates(data: Mapping[str, Any], locale: Locale) -> Iterator[tuple[str, str]]:
    for name in ("starts_on", "ends_on", "ended_on"):
        if data.get(name):
            yield name, written(date.fromisoformat(data[name]), locale)


def _claim(
    occasion: str, data: Mapping[str, Any], about: Mapping[str, str], words: Words, locale: Locale
) -> dict[str, str]:
    """What stands of a claim, as its customer reads it."""
    state = STATES.get(occasion)
    if state is None:
        return {}
    told = sentences(
        state,
        data.get("reason"),
        data.get("missing", ()),
        locale,
        words.wording,
        words.exclusions,
        {**about},
        [one["kind"] for one in data.get("resolutions", ())],
    )
    return {"status": told.status, "next_step": told.next_step, "expected": told.expected}
