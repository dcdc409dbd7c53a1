"""The rules, each a function that yields what it found."""

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.sdk.conformance.crowding import MARK, peopled
from connectors.sdk.conformance.enriching import knows_what_it_needs
from connectors.sdk.conformance.quoting import refuses_without_naming_anybody
from connectors.sdk.conformance.samples import (
    ARRIVED,
    NEIGHBOUR,
    ORIGIN,
    Redact,
    Rule,
    Samples,
    Sign,
    attempt,
    delivery,
    read,
    records,
    rows,
    short,
    split,
    translate,
)
from connectors.sdk.conformance.spoiling import ODD, spoiled
from connectors.sdk.connector import (
    Canonical,
    Connector,
    Delivery,
    RawRecord,
    SettingsError,
    SignatureError,
    Translated,
)
from schemas.catalogue import CATALOG_TOLD, TOLD
from schemas.refs import is_home

NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
DAY = timedelta(days=1)

Told = Canonical | Translated


def has_a_name_and_a_way_in(connector: Connector[Any], _samples: Samples) -> Iterator[str]:
    """A name for topics, a revision, at least one way in, and a meaning for what comes in."""
    if not NAME.match(connector.name):
        yield f"name {connector.name!r} is not lower-case letters, digits and single hyphens"
    if connector.revision < 1:
        yield f"revision {connector.revision} is not counted from 1"
    if not (connector.push or connector.pull or connector.file or connector.verify):
        yield "neither push, pull, file nor verify: nothing can come in"
    if bool(connector.push or connector.pull) != bool(connector.translate):
        yield "translate belongs to push and pull, and only to them"


def configures_or_says_what_to_change(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    """The sample settings are taken, wrong ones refused, odd ones never end in another error."""
    _, found = attempt((), connector.configure, samples.settings)
    if found:
        yield f"configure {found} for the sample settings"
    for wrong in samples.wrong_settings:
        told, found = attempt(SettingsError, connector.configure, wrong)
        if not isinstance(told, SettingsError):
            yield f"configure {found or 'took'} {short(wrong)}"
    for name in (*samples.settings, "unheard-of"):
        for odd in ODD:
            _, found = attempt(SettingsError, connector.configure, {**samples.settings, name: odd})
            if found:
                yield f"configure {found} where {name} is {short(odd)}"


def verifies_what_was_signed_and_nothing_else(
    connector: Connector[Any], samples: Samples
) -> Iterator[str]:
    """A genuine delivery passes under an old and a new secret; a changed or stale one does not."""
    push, sign = connector.push, samples.sign
    if push is None:
        return
    if sign is None or not samples.bodies:
        yield "samples of a push need bodies and sign"
        return
    secret, other = push.new_secret(), push.new_secret()
    if secret == other:
        yield "new_secret made the same secret twice"
    for body in samples.bodies:
        genuine = delivery(body, sign(secret, body, ARRIVED), samples)
        for secrets in ([secret], [other, secret], [secret, other]):
            told, found = attempt(SignatureError, push.verify, genuine, secrets)
            if found or told is not None:
                yield f"verify {found or 'refused'} a genuine delivery"
        for what, forged, secrets in _forged(genuine, sign, secret, other, samples):
            told, found = attempt(SignatureError, push.verify, forged, secrets)
            if told is None:
                yield f"verify {found or 'believed'} a delivery with {what}"


def _forged(
    genuine: Delivery, sign: Sign, secret: str, other: str, samples: Samples
) -> Iterator[tuple[str, Delivery, list[str]]]:
    body = genuine.body
    yield "no secret to check it by", genuine, []
    yield "another's secret", genuine, [other]
    yield "a blank more", replace(genuine, body=body + b" "), [secret]
    yield "a byte less", replace(genuine, body=body[:-1]), [secret]
    vouching = sign(secret, body, ARRIVED)
    for name, value in vouching.items():
        less = {key: kept for key, kept in genuine.headers.items() if key != name}
        yield f"no {name}", replace(genuine, headers=less), [secret]
        for odd in ("", " ", "0", "é", value[:-1], value + "0"):
            yield f"{name} {odd!r}", replace(genuine, headers={**less, name: odd}), [secret]
    if samples.dated:
        for what, at in (("an old", ARRIVED - DAY), ("a future", ARRIVED + DAY)):
            yield f"{what} signature", delivery(body, sign(secret, body, at), samples), [secret]


def splits_into_exactly_what_came(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    """Items are parts of the body, in order and byte for byte, under refs that stay the same."""
    for body in samples.bodies:
        items, found = split(connector, samples, body)
        if found or not items:
            yield f"split {found or 'finds no record'} in the sample {short(body)}"
        if (items, found) != split(connector, samples, body):
            yield "split tells the same delivery differently when it is asked again"
        refs = [item.ref for item in items]
        if len(set(refs)) < len(refs):
            yield f"two items of one delivery have the ref {max(refs, key=refs.count)!r}"
        if astray := _astray(items, body):
            yield f"item {astray!r} is no part of the body as it came, or out of order"
        for garbage in spoiled(body):
            _, found = split(connector, samples, garbage)
            if found:
                yield f"split {found} in {short(garbage)}"


def _astray(items: Sequence[RawRecord], body: bytes) -> str | None:
    at = 0
    for item in items:
        at = body.find(item.payload, at)
        if at < 0:
            return item.ref
        at += len(item.payload)
    return None


def translates_the_same_for_ever(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    """A record means the same facts at the same homes whenever it is asked, or is refused."""
    meant = 0
    for record in records(connector, samples):
        told, found = translate(connector, samples, record, ORIGIN)
        if found:
            yield f"translate {found} for the sample {record.ref!r}"
        if told != translate(connector, samples, record, ORIGIN)[0]:
            yield f"translate tells {record.ref!r} differently when it is asked again"
        meant += len(told)
        others, _ = translate(connector, samples, record, NEIGHBOUR)
        yield from _unlike(told, others, record.ref)
        for one in told:
            yield from _unsound(one, record.ref)
    if connector.translate and not meant:
        yield "none of the samples means anything: add one that does"


def translates_or_declines_whatever_comes(
    connector: Connector[Any], samples: Samples
) -> Iterator[str]:
    """Of a spoiled payload it says why it means nothing, or tells facts that hold."""
    for record in records(connector, samples):
        for garbage in spoiled(record.payload):
            spoilt = replace(record, payload=garbage)
            told, found = translate(connector, samples, spoilt, ORIGIN)
            if found:
                yield f"translate {found} for {short(garbage)}"
            for one in told:
                yield from _unsound(one, short(garbage))


def translates_or_declines_whatever_was_fetched(
    connector: Connector[Any], samples: Samples
) -> Iterator[str]:
    """Of a spoiled enrichment, or none, it says why it means nothing, or tells facts that hold."""
    if connector.enrich is None:
        return
    for record in records(connector, samples):
        for garbage in (b"", *spoiled(record.enriched)):
            spoilt = replace(record, enriched=garbage)
            told, found = translate(connector, samples, spoilt, ORIGIN)
            if found:
                yield f"translate {found} where {short(garbage)} was fetched"
            for one in told:
                yield from _unsound(one, f"what was fetched, {short(garbage)},")


def reads_files_the_same_for_ever(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    """Every record of a file ends as events or faults, with ids that the same content has again."""
    for content in samples.files:
        told, found = read(connector, samples, content, ORIGIN)
        if found or not told:
            yield f"file {found or 'finds no event'} in the sample {short(content)}"
        if told != read(connector, samples, content, ORIGIN)[0]:
            yield "file tells the same content differently when it is asked again"
        others, _ = read(connector, samples, content, NEIGHBOUR)
        yield from _unlike(told, others, short(content))
        if {one.id for one in told} & {one.id for one in others}:
            yield "two tenants' events have the same id"
        for one in told:
            yield from _unsound(one, short(content))
        for garbage in spoiled(content):
            _, found = read(connector, samples, garbage, ORIGIN)
            if found:
                yield f"file {found} in {short(garbage)}"


def shows_nothing_personal(redact: Redact) -> Rule:
    """A rule that what an audit shows of the samples has none of their personal texts.

    Nor anything of a person whom the vendor adds tomorrow: beside the fields of every object of the
    samples it puts customers and fields that nobody listed, with the names that are shown elsewhere.
    """

    def shows_nothing_personal(connector: Connector[Any], samples: Samples) -> Iterator[str]:
        for where, document in _documents(connector, samples):
            visible = redact(document, connector.shown).decode()
            for text in samples.personal:
                if json.dumps(text, ensure_ascii=False)[1:-1] in visible:
                    yield f"{text!r} can be read in {where}: take its place out of shown"
            for crowded, places in peopled(document, connector.shown):
                visible = redact(crowded, connector.shown).decode()
                for found in sorted({places[mark] for mark in MARK.findall(visible)}):
                    yield f"{found} can be read, where somebody's data may be: show no such place"

    return shows_nothing_personal


def _documents(connector: Connector[Any], samples: Samples) -> Iterator[tuple[str, Any]]:
    """Every payload of the samples as an audit gets it, and where it stands."""
    for payload in (record.payload for record in records(connector, samples)):
        told, _ = attempt(ValueError, json.loads, payload.removeprefix(codecs.BOM_UTF8))
        # Of what is no JSON an audit shows nothing.
        yield short(payload), None if isinstance(told, ValueError) else told
    for content in samples.files:
        yield from ((short(content), one.body) for one in rows(connector, samples, content)[0])


def _unlike(told: Sequence[Told], others: Sequence[Told], where: str) -> Iterator[str]:
    if len(told) != len(others):
        yield f"{where!r} means more or less for another tenant"
    if {one.home for one in told} & {one.home for one in others}:
        yield f"two tenants share a home in {where!r}"


def _unsound(one: Told, where: str) -> Iterator[str]:
    fact = one.fact
    if type(fact) not in TOLD + CATALOG_TOLD:
        yield f"{where!r} becomes {type(fact).__name__}, which nobody may tell the hub"
    elif type(fact).model_validate_json(fact.model_dump_json(exclude_none=True)) != fact:
        yield f"{where!r} becomes a fact that is another once it was sent"
    if one.time.tzinfo is None:
        yield f"{where!r} happens at a time without a zone"
    if not is_home(one.home):
        yield f"{where!r} lives at {one.home!r}, which is no home of schemas.refs"


RULES: tuple[Rule, ...] = (
    has_a_name_and_a_way_in,
    configures_or_says_what_to_change,
    verifies_what_was_signed_and_nothing_else,
    splits_into_exactly_what_came,
    translates_the_same_for_ever,
    translates_or_declines_whatever_comes,
    knows_what_it_needs,
    translates_or_declines_whatever_was_fetched,
    reads_files_the_same_for_ever,
    refuses_without_naming_anybody,
)
