"""Payloads spoiled in every way that is cheap to think of, always the same ones."""

import codecs
import json
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    1e308,
    "",
    " ",
    "0",
    "x" * 5000,
    "a\0b",
    "\ud800",
    "31.02.2026",
    "9999-12-31T23:59:59-23:59",
    "1E+999999999",
    [],
    {},
    [[]],
    [None],
    {"a": {}},
)
NO_PAYLOAD = (
    b"",
    b" ",
    b"\0",
    b"\xff\xfe",
    b"null",
    b"true",
    b"1e999",
    b'"text"',
    b"[]",
    b"{}",
    b"[[]]",
    b'{"a":NaN}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"<html>",
)
CUTS = 16
PLACES = 300


def spoiled(payload: bytes) -> Iterator[bytes]:
    """Nothing like it, parts of it, single bytes changed and, of JSON, single values."""
    yield from NO_PAYLOAD
    yield payload + payload
    yield codecs.BOM_UTF8 + payload
    for number in range(CUTS):
        at = len(payload) * number // CUTS
        yield payload[:at]
        for byte in (b"\0", b"\xff", b'"', b"{"):
            yield payload[:at] + byte + payload[at + 1 :]
    try:
        document = json.loads(payload)
    except ValueError:
        return
    for _, changed in zip(range(PLACES * len(ODD)), _changed(document), strict=False):
        yield json.dumps(changed).encode()


def _changed(document: Any) -> Iterator[Any]:
    """The document with one value left out or replaced, for every place in it."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield {key: kept for key, kept in document.items() if key != name}
            yield from ({**document, name: other} for other in (*ODD, *_changed(value)))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            before, after = document[:number], document[number + 1 :]
            yield [*before, *after]
            yield from ([*before, other, *after] for other in (*ODD, *_changed(value)))
