"""What a customer reads of a claim: how it stands, what is to be done, and how long it takes.

The merchant's own words come first. No code, no note and no name of a rule is ever among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

import msgspec

from hub.domain.claims.phrases import (
    ABOUT,
    BARE,
    GIVEN,
    PRODUCT,
    STATES,
    STEPS,
    WAITS,
    Step,
    Wait,
)
from hub.domain.claims.reasons import OURS_TO_SETTLE, REASONS
from hub.domain.claims.spans import TAKES, Taking, span
from hub.domain.policies.phrases import PROOFS
from schemas.events.claim import Kind, State
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.parts import Locale, Texts
from schemas.policies.wording import PLACEHOLDERS, Status, WordingPolicy

BEFORE: Mapping[State, Status] = {"denied": "declined", "resolved": "closed", "cancelled": "closed"}
"""Whose text counts where a state has none of its own."""
REASONED: frozenset[State] = frozenset({"staged", "denied", "cancelled"})
ASKED = frozenset({"pos_invoice", "photos", "serial", "incident_date", "description"})
"""What customers can send; all else is looked up."""
OVER: frozenset[State] = frozenset({"denied", "resolved", "cancelled"})
CHECKED: frozenset[State] = frozenset({"submitted", "under_review"})
About = Mapping[str, str | None]


class Told(msgspec.Struct, frozen=True, gc=False):
    """Three things that are always said."""

    status: str
    next_step: str
    expected: str


def sentences(  # noqa: PLR0913, PLR0917 - what a sentence can be about, and in whose words
    state: State,
    reason: str | None,
    missing: Sequence[str],
    locale: Locale,
    wording: WordingPolicy | None,
    exclusions: ExclusionsPolicy | None,
    about: About,
    granted: Sequence[Kind] = (),
) -> Told:
    """What is told of a claim in a language.

    A text of the merchant's counts where he wrote it in that language and everything is known that it
    speaks of. `about` has values by placeholder; `granted` is what an approval led to.
    """
    sends = [PROOFS[locale][one] for one in missing if one in ASKED]
    status = _theirs(state, reason, missing, locale, wording, about)
    return Told(
        _upper(status or _ours(state, reason, locale, about)),
        _next(state, reason, sends, locale, granted),
        _expected(state, sends, locale, exclusions, granted),
    )


def _theirs(  # noqa: PLR0913, PLR0917 - what a text is chosen and filled by
    state: State,
    reason: str | None,
    missing: Sequence[str],
    locale: Locale,
    wording: WordingPolicy | None,
    about: About,
) -> str | None:
    """The merchant's text: of the reason before that of the state."""
    for texts in _written(state, (reason, *missing), wording):
        text: str | None = getattr(texts, locale)
        filled = _filled(text, _values(state, reason, locale, about)) if text else None
        if filled:
            return filled
    return None


def _written(
    state: State, reasons: Sequence[str | None], wording: WordingPolicy | None
) -> Iterator[Texts]:
    statuses = wording.statuses if wording else {}
    found = [statuses.get(name) for name in (state, BEFORE.get(state)) if name]
    for one in filter(None, found):
        yield from (one.reasons[reason] for reason in reasons if reason in one.reasons)
        yield one.text


def _values(state: State, reason: str | None, locale: Locale, about: About) -> dict[str, str]:
    values = {name: about.get(name) for name in PLACEHOLDERS - {"reason"}}
    values["product"] = values["product"] or PRODUCT.in_locale(locale)
    why = _why(state, reason)
    values["reason"] = why.in_locale(locale).rstrip(".") if why else None
    return {name: value for name, value in values.items() if value}


def _filled(text: str, values: Mapping[str, str]) -> str | None:
    """The text with what it speaks of; None where that is not known."""
    parts = []
    for before, name, form, conversion in Formatter().parse(text):
        parts.append(before)
        if name is not None:
            if name not in values or form or conversion:
                return None
            parts.append(values[name])
    return "".join(parts)


def _ours(state: State, reason: str | None, locale: Locale, about: About) -> str:
    product, why = about.get("product"), _why(state, reason)
    subject = ABOUT.in_locale(locale).replace("{product}", product) if product else None
    said = STATES[state].in_locale(locale)
    said = said.replace("{subject}", subject or BARE.in_locale(locale))
    return f"{said} {why.in_locale(locale)}" if why else said


def _why(state: State, reason: str | None) -> Texts | None:
    return REASONS.get(reason or "") if state in REASONED else None


def _next(
    state: State,
    reason: str | None,
    sends: Sequence[str],
    locale: Locale,
    granted: Sequence[Kind],
) -> str:
    given = [GIVEN[kind].in_locale(locale) for kind in dict.fromkeys(granted) if kind in GIVEN]
    if state in {"approved", "partially_approved"} and given:
        return " ".join(given)
    step = STEPS[_step(state, reason, can_send=bool(sends))].in_locale(locale)
    return step.replace("{things}", ", ".join(sends))


def _step(state: State, reason: str | None, *, can_send: bool) -> Step:
    if state == "staged":
        if can_send:
            return "send"
        return "object" if reason in REASONS and reason not in OURS_TO_SETTLE else "wait"
    steps: dict[State, Step] = {
        "submitted": "wait",
        "under_review": "wait",
        "awaiting_info": "answer",
        "approved": "told",
        "partially_approved": "told",
        "denied": "object",
        "resolved": "settled",
        "cancelled": "again",
    }
    return steps[state]


def _expected(
    state: State,
    sends: Sequence[str],
    locale: Locale,
    exclusions: ExclusionsPolicy | None,
    granted: Sequence[Kind],
) -> str:
    if state in OVER:
        return WAITS["nothing"].in_locale(locale)
    said = []
    for taking, codes in _takings(state, granted, sends=bool(sends)):
        days = span(exclusions, codes, locale)
        if days is not None:
            said.append(TAKES[taking].in_locale(locale).replace("{span}", days))
    return " ".join(said) or WAITS[_wait(state, sends=bool(sends))].in_locale(locale)


def _takings(
    state: State, granted: Sequence[Kind], *, sends: bool
) -> Iterator[tuple[Taking, tuple[str, ...]]]:
    """What takes time now, and under which codes a merchant may have written how long."""
    if state == "staged" and sends:
        yield "evidence", ("claim_evidence", "claim_review")
    elif state == "awaiting_info":
        yield "answer", ("claim_review",)
    elif state in CHECKED:
        yield "review", ("claim_review",)
    elif state in {"approved", "partially_approved"}:
        for kind in dict.fromkeys(granted):
            if kind == "repair" or kind == "replacement" or kind == "refund":  # noqa: PLR1714 - narrows the type
                yield kind, (kind,)


def _wait(state: State, *, sends: bool) -> Wait:
    if state == "staged":
        return "evidence" if sends else "looking"
    if state == "awaiting_info":
        return "answer"
    return "review" if state in CHECKED else "way"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
