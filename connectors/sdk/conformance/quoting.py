"""Somebody's name in any place of the samples: a reason quotes it with `quoted`, or not at all."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from connectors.sdk.conformance.samples import (
    ARRIVED,
    ORIGIN,
    Samples,
    attempt,
    delivery,
    records,
    rows,
    short,
)
from connectors.sdk.connector import (
    Connector,
    Fault,
    FileRecord,
    MeaninglessError,
    RawRecord,
    UnreadableError,
    UntranslatableError,
)
from connectors.sdk.values import unquoted

NAME = "Zephyrine Quillfeather"
DECLINED = (UntranslatableError, MeaninglessError)


def refuses_without_naming_anybody(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    """What keeps reasons, keeps them without what stands in quotes: nothing of a source may stand elsewhere."""
    for reason in dict.fromkeys(_reasons(connector, samples)):
        if NAME.casefold() in unquoted(reason).casefold():
            yield f"{short(reason)} names somebody: put what a source says into `quoted`"


def _reasons(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    settings = connector.configure(samples.settings)
    for body in samples.bodies:
        yield from _of_deliveries(connector, samples, body, settings)
    if connector.translate is not None:
        mean = _bound(connector.translate, settings)
        for one in records(connector, samples):
            for payload in _misplaced(one.payload):
                yield from _declined(mean, replace(one, payload=payload))
    if connector.file is not None:
        read = _bound(connector.file.translate, settings)
        for content in samples.files:
            for row in rows(connector, samples, content)[0]:
                for body_ in _named(row.body):
                    yield from _declined(read, replace(row, body=body_))


def _bound(means: Callable[..., Iterable[Any]], settings: Any) -> Callable[[Any], Iterable[Any]]:
    return lambda one: means(one, settings, ORIGIN)


def _declined(means: Callable[[Any], Iterable[Any]], one: RawRecord | FileRecord) -> Iterator[str]:
    told, _ = attempt(DECLINED, lambda: list(means(one)))
    if isinstance(told, DECLINED):
        yield str(told)


def _of_deliveries(
    connector: Connector[Any], samples: Samples, body: bytes, settings: Any
) -> Iterator[str]:
    push, sign = connector.push, samples.sign
    if push is None or sign is None:
        return
    for payload in _misplaced(body):
        request = delivery(payload, sign(push.new_secret(), payload, ARRIVED), samples)
        items, _ = attempt(UnreadableError, lambda one: list(push.split(one, settings)), request)
        if isinstance(items, UnreadableError):
            yield str(items)
        elif isinstance(items, list):
            yield from (one.message for one in items if isinstance(one, Fault))


def _misplaced(payload: bytes) -> Iterator[bytes]:
    try:
        document = json.loads(payload)
    except ValueError:
        return
    yield from (json.dumps(one).encode() for one in _named(document))


def _named(document: Any) -> Iterator[Any]:
    """The document with a name instead of one of its values, or as the name of one, for every place."""
    if isinstance(document, dict):
        for name, value in document.items():
            rest = {key: kept for key, kept in document.items() if key != name}
            yield {**rest, NAME: value}
            yield from ({**document, name: other} for other in _named(value))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            before, after = document[:number], document[number + 1 :]
            yield from ([*before, other, *after] for other in _named(value))
    else:
        yield NAME
