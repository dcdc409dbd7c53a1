"""What a vendor sends, and what the rules ask a connector about it."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.sdk.connector import (
    Canonical,
    Connector,
    Delivery,
    FileRecord,
    MeaninglessError,
    Origin,
    RawRecord,
    SettingsError,
    Translated,
    UnreadableError,
    UntranslatableError,
)

ORIGIN = Origin("acme", "sample")
NEIGHBOUR = Origin("other", "sample")
ARRIVED = datetime(2026, 1, 31, 12, tzinfo=UTC)
QUOTED = 80

T = TypeVar("T")
Sign = Callable[[str, bytes, datetime], Mapping[str, str]]
Redact = Callable[[object, frozenset[str]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What a vendor sends, as given, and what is known of it."""

    settings: Mapping[str, Any]
    """A document that the connector can be configured with."""
    wrong_settings: Sequence[Mapping[str, Any]] = ()
    bodies: Sequence[bytes] = ()
    """What is pushed, as it is posted."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What else is posted with them; lower-case names."""
    sign: Sign | None = None
    """The headers that vouch for a body at a time, with a secret."""
    dated: bool = True
    """Whether what is signed has a time, so that an old delivery is told from a new one."""
    records: Sequence[RawRecord] = ()
    """What is pulled."""
    fetched: Mapping[str, bytes] = field(default_factory=dict)
    """What `enrich` gives for records, by their refs."""
    files: Sequence[bytes] = ()
    personal: Sequence[str] = ()
    """Texts in all of these that speak of a person."""


Rule = Callable[[Connector[Any], Samples], Iterator[str]]


def attempt(
    declared: type[Exception] | tuple[type[Exception], ...], act: Callable[..., T], *given: Any
) -> tuple[T | Exception | None, str]:
    """What it gives or the declared error it raises; else what it did instead, as a finding."""
    try:
        return act(*given), ""
    except declared as error:
        return error, ""
    except Exception as error:  # noqa: BLE001 - whatever else it raises is what is looked for
        return None, f"raised {type(error).__name__} ({short(error)})"


def short(what: object) -> str:
    """As much of it as finds it."""
    text = repr(what)
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def delivery(body: bytes, headers: Mapping[str, str], samples: Samples) -> Delivery:
    """A request with that body."""
    return Delivery({**samples.headers, **headers}, body, "https://hub.example/sample", ARRIVED)


def split(connector: Connector[Any], samples: Samples, body: bytes) -> tuple[list[RawRecord], str]:
    """The records of a body that somebody signed; none where it is refused as it should be."""
    push, sign = connector.push, samples.sign
    if push is None or sign is None:
        return [], ""
    request = delivery(body, sign(push.new_secret(), body, ARRIVED), samples)
    settings = connector.configure(samples.settings)
    items, found = attempt(UnreadableError, lambda: list(push.split(request, settings)))
    if not isinstance(items, list):
        return [], found
    return [item for item in items if isinstance(item, RawRecord)], found


def records(connector: Connector[Any], samples: Samples) -> list[RawRecord]:
    """Every record of the samples, pushed or pulled."""
    pushed = [one for body in samples.bodies for one in split(connector, samples, body)[0]]
    came = [*pushed, *samples.records]
    return [replace(one, enriched=samples.fetched.get(one.ref, one.enriched)) for one in came]


def translate(
    connector: Connector[Any], samples: Samples, record: RawRecord, origin: Origin
) -> tuple[list[Canonical], str]:
    """What a record means; nothing where it declines as it should."""
    mean = connector.translate
    if mean is None:
        return [], ""
    settings = connector.configure(samples.settings)
    declined = (UntranslatableError, MeaninglessError)
    told, found = attempt(declined, lambda: list(mean(record, settings, origin)))
    return (told if isinstance(told, list) else []), found


def rows(
    connector: Connector[Any], samples: Samples, content: bytes
) -> tuple[list[FileRecord], str]:
    """The records of a file of that content; none where it is no file of this kind."""
    file = connector.file
    if file is None:
        return [], ""
    settings, found = attempt((), connector.configure, samples.settings)
    if found:
        return [], found
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sample")
        path.write_bytes(content)
        told, found = attempt(SettingsError, lambda: list(file.records(path, settings)))
    return (told if isinstance(told, list) else []), found


def read(
    connector: Connector[Any], samples: Samples, content: bytes, origin: Origin
) -> tuple[list[Translated], str]:
    """What a file of that content means; nothing where it is no file of this kind."""
    file = connector.file
    if file is None:
        return [], ""
    settings = connector.configure(samples.settings)
    told: list[Translated] = []
    records_, found = rows(connector, samples, content)
    for record in records_:
        events, trouble = attempt(
            UntranslatableError, lambda one: list(file.translate(one, settings, origin)), record
        )
        told += events if isinstance(events, list) else []
        found = found or trouble
    return told, found
