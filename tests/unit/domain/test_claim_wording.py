"""Customers read plain sentences in their own language: never a code, a rule, a role or a note."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import product as every
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.claims import phrases, reasons, spans
from hub.domain.claims.weighing import BLOCKED_BY_COVER
from hub.domain.claims.wording import Told, sentences
from schemas.events.claim import Denial, Kind, State
from schemas.policies import MODELS
from schemas.policies.evidence import Proof
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.parts import Locale, StaffRole, Texts
from schemas.policies.wording import WordingPolicy

STATES: tuple[State, ...] = get_args(State)
LOCALES: tuple[Locale, ...] = get_args(Locale)
BLOCKED = {
    *BLOCKED_BY_COVER.values(),
    *("evidence_missing", "wrong_owner", "stock_missing", "stock_different"),
}
CODES: tuple[str, ...] = tuple(
    sorted({*get_args(Denial), *BLOCKED, "evidence_never_came", "withdrawn"})
)
PROOFS: tuple[str, ...] = get_args(Proof)
PLAIN_KINDS: tuple[Kind, ...] = ("repair", "replacement", "refund")
INTERNAL = {
    *get_args(StaffRole),
    *MODELS,
    *(word for word in (*STATES, *CODES, *PROOFS, *get_args(Kind)) if "_" in word),
    *(
        "staged",
        "override",
        "overridden",
        "flag",
        "flagged",
        "blocked",
        "policy",
        "rule",
        "weighing",
    ),
}
NOTE = "he shouts at us zqxj"
MARKED = {"product": "Drill 5000", "merchant": "ACME", "note": NOTE, "why": NOTE, "words": NOTE}


def told(  # noqa: PLR0913, PLR0917 - as much as a sentence can be about
    state: State = "submitted",
    reason: str | None = None,
    missing: Iterable[str] = (),
    locale: Locale = "en",
    wording: dict[str, Any] | None = None,
    times: list[dict[str, Any]] | None = None,
    about: Mapping[str, str | None] = MARKED,
    granted: tuple[Kind, ...] = (),
) -> Told:
    policy = WordingPolicy.model_validate({"statuses": wording}) if wording else None
    return sentences(
        state, reason, tuple(missing), locale, policy, expecting(times), about, granted
    )


def expecting(times: list[dict[str, Any]] | None) -> ExclusionsPolicy | None:
    if times is None:
        return None
    document = {
        "exclusions": [{"code": "drops", "text": {"en": "Drops"}}],
        "expected_times": [{"text": {"en": "It"}} | one for one in times],
    }
    return ExclusionsPolicy.model_validate_json(json.dumps(document))


def parts(one: Told) -> tuple[str, str, str]:
    return one.status, one.next_step, one.expected


def check_plain(one: Told) -> None:
    for text in parts(one):
        assert text.strip() == text
        assert text
        assert text.endswith(".")
        assert text[0] == text[0].upper()
        assert not set("_{}") & set(text)
        assert NOTE not in text
        assert not INTERNAL & set(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize("state", STATES)
def test_every_state_and_reason_is_told_plainly_in_every_language(state: State) -> None:
    for reason, missing in every((None, *CODES), ((), *((one,) for one in PROOFS), PROOFS)):
        said = [told(state, reason, missing, locale) for locale in LOCALES]
        for one in said:
            check_plain(one)
        for part in range(3):
            texts = {parts(one)[part] for one in said}
            assert len(texts) == len(LOCALES), "each language has a sentence of its own"


def test_all_our_own_words_are_there_in_all_languages() -> None:
    tables: list[Mapping[Any, Texts]] = [phrases.STATES, phrases.STEPS, phrases.GIVEN]
    tables += [phrases.WAITS, reasons.REASONS, spans.TAKES]
    singles = [phrases.ABOUT, phrases.BARE, phrases.PRODUCT, spans.SHORT, spans.RANGE, spans.UP_TO]
    singles += [spans.UP_TO_ONE, spans.EXACTLY, spans.ONE]
    for texts in (*singles, *(texts for table in tables for texts in table.values())):
        assert all(getattr(texts, locale) for locale in LOCALES), texts
    assert set(CODES) == set(reasons.REASONS), "a sentence for each code, and no other"


@given(
    state=st.sampled_from(STATES),
    reason=st.one_of(st.none(), st.sampled_from(CODES), st.text(max_size=40)),
    missing=st.lists(st.one_of(st.sampled_from(PROOFS), st.text(max_size=20)), max_size=6),
    locale=st.sampled_from(LOCALES),
    note=st.text(alphabet="qxz_{}", min_size=4, max_size=60),
    granted=st.lists(st.sampled_from(get_args(Kind)), max_size=5),
    days=st.one_of(st.none(), st.tuples(st.integers(0, 365), st.integers(0, 365))),
)
def test_nothing_that_staff_write_reaches_a_customer(  # noqa: PLR0913, PLR0917 - what varies
    state: State,
    reason: str | None,
    missing: list[str],
    locale: Locale,
    note: str,
    granted: list[Kind],
    days: tuple[int, int] | None,
) -> None:
    codes = ("claim_review", "claim_evidence", "repair", "replacement", "refund")
    times = (
        [{"code": one, "at_least": days[0], "at_most": days[1]} for one in codes] if days else None
    )
    about = {"product": "Drill", "note": note, "reason": note, "why": note, "claim": note}
    one = told(state, reason, missing, locale, times=times, about=about, granted=tuple(granted))
    check_plain(one)
    assert not any(note in text for text in parts(one))


def test_what_is_missing_is_asked_for_by_name() -> None:
    one = told("staged", "evidence_missing", ("pos_invoice", "photos", "stock_movement"))

    assert one.status == (
        "Your claim for Drill 5000 is with us. Before we can decide, something is still open. "
        "Not everything that we need has reached us."
    )
    assert one.next_step == "Please send us: the invoice, photos."
    assert one.expected == "We go on as soon as everything is here, and tell you then."


def test_nobody_is_asked_for_what_only_the_merchant_can_look_up() -> None:
    one = told("staged", "stock_missing", ("stock_movement",))

    assert one.next_step == "You need not do anything now."
    assert one.expected == "We tell you as soon as we know more."


def test_whoever_is_not_covered_may_object() -> None:
    assert told("staged", "expired").next_step.startswith("If you think that this is wrong")
    assert told("denied", "expired").status == (
        "Your claim for Drill 5000 was not accepted. The warranty had ended before the day it happened."
    )
    assert told("denied", "expired").expected == "There is nothing more to wait for."


def test_without_a_name_the_product_is_left_out() -> None:
    assert told("under_review", about={}).status == "Your claim is being checked."
    assert told("under_review", about={"product": ""}, locale="pl").status == (
        "Zgłoszenie jest właśnie sprawdzane."
    )


def test_an_approval_says_what_the_customer_gets() -> None:
    times = [{"code": "repair", "at_least": 5, "at_most": 15}, {"code": "refund", "at_most": 1}]
    one = told("partially_approved", granted=("repair", "refund", "write_off"), times=times)

    assert one.next_step == (
        "It will be repaired; we tell you where it has to go. You get your money back."
    )
    assert one.expected == (
        "A repair usually takes 5 to 15 days. Paying it back usually takes up to one day."
    )
    assert told("approved", granted=("supplier_recovery", "write_off")) == Told(
        "Your claim for Drill 5000 is accepted.",
        "We arrange what follows and tell you about it.",
        "We tell you as soon as there is a date.",
    )


@pytest.mark.parametrize(
    ("least", "most", "days"),
    [
        (0, 0, "less than a day"),
        (0, 1, "up to one day"),
        (0, 9, "up to 9 days"),
        (1, 1, "one day"),
        (2, 9, "2 to 9 days"),
        (9, 9, "9 days"),
        (12, 9, "9 days"),
    ],
)
def test_the_time_that_a_check_takes_is_the_merchants_own(least: int, most: int, days: str) -> None:
    times = [{"code": "claim_review", "at_least": least, "at_most": most}]

    assert told("submitted", times=times).expected == f"Checking it usually takes {days}."
    asked = told("staged", missing=("photos",), times=times)
    assert asked.expected == f"Once everything is here, checking it usually takes {days}."


@pytest.mark.parametrize(
    ("locale", "days"), [("de", "einen Tag"), ("tr", "bir gün"), ("pl", "jeden dzień")]
)
def test_days_are_counted_as_each_language_does(locale: Locale, days: str) -> None:
    times = [{"code": "claim_review", "at_least": 1, "at_most": 1}]
    assert days in told("awaiting_info", locale=locale, times=times).expected


def test_the_merchants_own_words_count_first() -> None:
    wording = {
        "denied": {
            "text": {"en": "Not this time."},
            "reasons": {"expired": {"en": "{product}: {reason}, on {ends_on}."}},
        },
        "staged": {"text": {"en": "Wait."}, "reasons": {"photos": {"en": "Photos, please."}}},
    }
    until = {"product": "drill", "ends_on": "1 May 2026"}

    assert told("denied", "no_defect", wording=wording).status == "Not this time."
    assert told("denied", "expired", wording=wording, about=until).status == (
        "Drill: The warranty had ended before the day it happened, on 1 May 2026."
    )
    assert told("staged", "evidence_missing", ("photos",), wording=wording).status == (
        "Photos, please."
    )
    assert told("staged", "expired", wording=wording).status == "Wait."


def test_older_texts_stand_in_for_states_that_have_none() -> None:
    wording = {"declined": {"text": {"en": "No."}}, "closed": {"text": {"en": "Done."}}}

    assert told("denied", "expired", wording=wording).status == "No."
    assert told("resolved", wording=wording).status == "Done."
    assert told("cancelled", wording=wording).status == "Done."
    newer = wording | {"denied": {"text": {"en": "Sorry."}}}
    assert told("denied", "expired", wording=newer).status == "Sorry."


def test_a_text_that_speaks_of_what_is_not_known_gives_way() -> None:
    wording = {"submitted": {"text": {"en": "{amount} until {ends_on}."}}}
    ours = "Your claim for Drill 5000 is complete and waits to be checked."

    assert told(wording=wording).status == ours
    assert (
        told(wording=wording, about={"amount": "5 EUR", "ends_on": None}).status != "5 EUR until ."
    )
    known = {"amount": "5 EUR", "ends_on": "May"}
    assert told(wording=wording, about=known).status == "5 EUR until May."


def test_a_language_that_the_merchant_did_not_write_is_told_in_ours() -> None:
    wording = {"submitted": {"text": {"en": "Wait.", "de": "Warten Sie auf {product}."}}}

    assert told(wording=wording, locale="de", about={}).status == "Warten Sie auf Ihr Produkt."
    assert told(wording=wording, locale="tr", about={}).status == (
        "Başvurunuz tamamlandı ve incelenmeyi bekliyor."
    )


def test_a_code_that_nobody_knows_is_never_shown() -> None:
    wording = {"denied": {"text": {"en": "Denied: {reason}."}}}

    assert told("denied", "some_new_code", wording=wording).status == (
        "Your claim for Drill 5000 was not accepted."
    )
