"""Customers are written in the merchant's words, else in ours; no code and no note is ever among them."""

from typing import Any, get_args

import pytest

from hub.domain.claims.reasons import REASONS
from hub.domain.messages.composing import STATES, TELLING, UnwrittenError, Words, compose
from hub.domain.messages.phrases import CLAIM, TEST, TEXTS
from schemas.catalogue import BECAME
from schemas.events.claim import Denial
from schemas.policies.messages import MessagesPolicy, Occasion
from schemas.policies.parts import Locale, Texts
from schemas.policies.templates import NAMES, check, filled
from schemas.policies.wording import WordingPolicy

LOCALES: tuple[Locale, ...] = get_args(Locale)
ABOUT = {"merchant": "acme", "product": "Drill", "serial": "SN-1", "name": "Jane"}
DATES = {"starts_on": "2026-01-31", "ends_on": "2028-01-30", "ended_on": "2026-03-01"}
CLAIMED = {
    "claim": "clm_1",
    "missing": ["photos", "stock_movement"],
    "resolutions": [{"kind": "repair"}, {"kind": "supplier_recovery"}],
    "decided": {"why": "he is a liar"},
}


def mail(occasion: str, locale: Locale = "en", words: Words | None = None, **data: Any) -> str:
    found = compose(occasion, {**DATES, **CLAIMED, **data}, ABOUT, words or Words(), locale)
    assert "\n" not in found.subject
    return f"{found.subject}\n{found.text}"


def test_a_warranty_is_told_with_its_dates() -> None:
    assert mail("warranty.activated.v1") == (
        "Your warranty for Drill\nHello Jane,\n\nDrill (serial SN-1) is covered from 31 January 2026 "
        "to 30 January 2028, both days included.\n\nacme\n"
    )
    assert "ist ab dem 01.03.2026 nicht mehr gedeckt" in mail("warranty.ended.v1", "de")


def test_a_claim_is_told_by_what_stands_what_is_to_be_done_and_how_long_it_takes() -> None:
    assert mail("claim.approved.v1") == (
        "Your claim for Drill\nHello Jane,\n\nYour claim for Drill is accepted.\n\n"
        "It will be repaired; we tell you where it has to go.\n\n"
        "We tell you as soon as there is a date.\n\nacme\n"
    )


def test_what_was_asked_stands_in_the_mail_that_asks() -> None:
    about = ABOUT | {"question": "Does it smell of smoke?"}
    found = compose("claim.awaiting_info.v1", CLAIMED, about, Words(), "en")

    assert (
        "until you answer our question.\n\nDoes it smell of smoke?\n\nPlease answer" in found.text
    )


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("occasion", [*TEXTS, *STATES])
def test_no_word_of_the_house_reaches_a_customer(occasion: str, locale: Locale) -> None:
    for reason in (None, *get_args(Denial), *REASONS, "some_new_reason"):
        told = mail(occasion, locale, reason=reason)
        inside = ("liar", "stock_movement", "supplier", "recovery", "_", "{", "}")
        assert not [word for word in inside if word in told], told
        assert reason is None or "_" not in reason or reason not in told


def test_whoever_merges_two_warranties_tells_nobody() -> None:
    with pytest.raises(UnwrittenError, match="goes on"):
        mail("warranty.ended.v1", reason="merged")


def test_nobody_is_written_of_what_nobody_has_words_for() -> None:
    for occasion in set(get_args(Occasion)) - {*TEXTS, *STATES}:
        with pytest.raises(UnwrittenError, match="nobody has written"):
            mail(occasion)


def test_the_merchant_s_words_come_first_in_the_language_he_wrote_them_in() -> None:
    ready = {"en": "{{ product }} is ready{% if name %}, {{ name }}{% endif %}", "tr": "Hazır"}
    own = {"subject": {"en": "Good news"}, "text": ready}
    words = Words(
        MessagesPolicy.model_validate({"messages": {"claim.resolved.v1": own}}),
        WordingPolicy.model_validate({"statuses": {"denied": {"text": {"en": "Sorry: no."}}}}),
    )

    assert mail("claim.resolved.v1", "en", words) == "Good news\nDrill is ready, Jane\n"
    assert mail("claim.resolved.v1", "tr", words) == "Good news\nHazır\n"
    assert mail("claim.resolved.v1", "de", words) == "Good news\nDrill is ready, Jane\n"
    assert "Sorry: no." in mail("claim.denied.v1", "en", words)


def test_customers_may_be_written_of_what_endpoints_hear_of_and_of_no_other_thing() -> None:
    assert set(get_args(Occasion)) < {fact.TYPE for fact in BECAME}
    assert set(TELLING) < set(get_args(Occasion))
    assert not {one for one in get_args(Occasion) if "recovery" in one or "write_off" in one}


@pytest.mark.parametrize("message", [*TEXTS.values(), CLAIM, TEST])
def test_our_own_words_are_templates_in_every_language(message: Any) -> None:
    for texts in (message.subject, message.text):
        for locale in Texts.model_fields:
            check(texts.in_locale(locale))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for i in range(9) %}{% endfor %}", "no for"),
        ("{{ ''.__class__.__mro__ }}", "no getattr"),
        ("{{ name['x'] }}", "no getitem"),
        ("{{ 'x' * 1000000000 }}", "no mul"),
        ("{{ 9 ** 9 ** 9 }}", "no pow"),
        ("{{ lipsum(100) }}", "no call"),
        ("{% include '/etc/passwd' %}", "no include"),
        ("{% import 'os' as os %}", "no import"),
        ("{% macro a() %}{{ a() }}{% endmacro %}", "no macro"),
        ("{% set name = 'x' %}", "no assign"),
        ("{{ password }}", "there is no 'password'"),
        ("{{ name|replace('a', 'b') }}", "there is no filter 'replace'"),
        ("{% if name > 3 %}x{% endif %}", "compare by == and !="),
        ("{{ name", "in line 1"),
        ("{% if name %}", "in line 1"),
        ("{{ " + "(" * 5_000, "line 1|nested"),
        ("{% if name %}" * 120 + "{% endif %}" * 120, "nested"),
    ],
)
def test_a_template_that_could_run_away_is_refused(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(template)


def test_what_a_template_is_about_is_never_read_as_one() -> None:
    hostile = dict.fromkeys(NAMES, "{{ merchant }}{% for i in range(9) %}")

    assert filled("{{ name }}", hostile) == hostile["name"]
