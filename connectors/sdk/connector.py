"""A connector as a value: how a source's records come in, and what each of them means."""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx

from connectors.sdk.verifying import Verify
from schemas.base import Fact

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something cannot be read; the message says what to do next."""

    code: str
    message: str
    line: int | None = None


class SettingsError(ValueError):
    """What the connector was configured with, or the shape of its file, cannot work."""


class SignatureError(Exception):
    """A delivery that was not signed by whoever holds the secret, or is too old to be believed."""


class UnreadableError(Exception):
    """A delivery that is no payload of this source at all: nothing of it can be landed."""

    def __init__(self, fault: Fault) -> None:
        """Keep the reason."""
        super().__init__(fault.message)
        self.fault = fault


class SourceUnavailableError(Exception):
    """The source did not answer: it is asked again later, a pull from the same checkpoint."""

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        """Keep for how many seconds the source asked to be left alone, where it did."""
        super().__init__(message)
        self.retry_after = retry_after


class SourceRefusesError(SourceUnavailableError):
    """The source does not let us ask: it answers once a person has done what the message says."""


class MeaninglessError(Exception):
    """A record that is well-formed and says nothing a warranty depends on; the message says why."""


class UntranslatableError(Exception):
    """A record that means nothing we could act on, with every reason found."""

    def __init__(self, *faults: Fault) -> None:
        """Keep the reasons; one that names no line speaks of the whole record."""
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


def untranslatable(code: str, message: str) -> UntranslatableError:
    """An error with one reason, raised where the line is not known."""
    return UntranslatableError(Fault(code, message))


@dataclass(frozen=True, slots=True)
class Origin:
    """On whose behalf and under which source name records are translated."""

    tenant: str
    source: str


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One item of a source exactly as received; it lands on `raw.<connector>.v1`."""

    ref: str
    """What the source calls this delivery of the item: the same when it sends it again."""
    payload: bytes
    key: str = ""
    """The entity it speaks of, as far as the payload shows it: records of one key stay in order.
    Empty: it stays in order with everything of its source."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What of the delivery's own headers `translate` needs; lower-case names."""
    checkpoint: str | None = None
    """Where a pull goes on once this record has landed."""
    enriched: bytes = b""
    """What `Enrich.fetch` gave; empty where the record needs nothing."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """What a record means: a fact of ours, when it happened, and where it lives."""

    time: datetime
    fact: Fact
    home: str
    """From `schemas.refs`; the host computes the partition and, from the raw record, the id."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request of a source, as it arrived."""

    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    url: str
    """As the source was told it; some sign it."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Push(Generic[S]):
    """A source that posts. Both functions are pure."""

    verify: Callable[[Delivery, Sequence[str]], None]
    """Checks the signature against any of the secrets, newest first. Raises SignatureError."""
    split: Callable[[Delivery, S], Sequence[RawRecord | Fault]]
    """The items of a delivery in their order; a fault where an item can never become a record.
    Looks no deeper than it must to find reference and key. Raises UnreadableError."""
    new_secret: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Pull(Generic[S]):
    """A source that is asked."""

    fetch: Callable[[httpx.AsyncClient, S, str | None], AsyncIterator[RawRecord]]
    """Everything after the checkpoint, oldest first. Raises SourceUnavailableError; `raise_for_status` is
    understood as `refused` has it: asked again where that may help, noted as a fault of the settings elsewhere."""
    every_seconds: float = 60.0


def always(_record: RawRecord) -> bool:
    """Whether a record needs more than it says: each of them."""
    return True


@dataclass(frozen=True, slots=True)
class Enrich(Generic[S]):
    """A source whose records say that something changed, not what: the rest is fetched.

    What was fetched is kept, so that a record translated again means the same.
    """

    fetch: Callable[[httpx.AsyncClient, RawRecord, S], Awaitable[bytes]]
    """Only reads. `raise_for_status` is understood as `refused` has it: asked again where that may help, parked
    where it never will. Who knows better raises SourceUnavailableError or UntranslatableError."""
    dependency: Callable[[S], str]
    """What is asked, such as its host: while it does not answer, all that need it wait together."""
    needed: Callable[[RawRecord], bool] = always
    attempts: int = 3
    """In one go; after them the record waits, and what comes after it under its key."""
    at_once: int = 16
    """Requests at the same moment, from one process."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One record of a file; `body` is what JSON can hold, numbers as int or Decimal."""

    ref: str
    body: Mapping[str, Any]
    line: int
    """Where it begins in its file, counted from 1."""
    fault: Fault | None = None
    """What the reader already found wrong; `body` is then as much as it could make out."""
    size: int = 0
    """Characters of the file that it stands for, for whoever holds many."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A canonical event, and which lines of the file it came from."""

    id: str
    """Derived from the content, so that the same record is the same event for ever."""
    time: datetime
    fact: Fact
    home: str
    lines: tuple[tuple[str | None, int], ...]
    """The line of the fact, where it has one, and the line of the file."""
    repeats: Mapping[int, int] = field(default_factory=dict)
    """Lines of the file that say again what an earlier line of the same record said."""


@dataclass(frozen=True, slots=True)
class File(Generic[S]):
    """A source that leaves files. A file is its own raw record: it is kept as it came."""

    records: Callable[[Path, S], Iterator[FileRecord]]
    """Reads a file once, front to back, holding one record at a time.
    Raises SettingsError where it is no file of this kind."""
    translate: Callable[[FileRecord, S, Origin], Iterable[Translated]]
    """Pure. Raises UntranslatableError."""


@dataclass(frozen=True, slots=True)
class Connector(Generic[S]):
    """What an entry point in the group `hub.connectors` names."""

    name: str
    revision: int
    """Raised whenever `translate` would say something else of the same record, so that a replay
    corrects what an older revision said."""
    configure: Callable[[Mapping[str, Any]], S]
    """Raises SettingsError with what to change."""
    translate: Callable[[RawRecord, S, Origin], Iterable[Canonical]] | None = None
    """Pure: what a pushed or pulled record means. Raises UntranslatableError, MeaninglessError."""
    enrich: Enrich[S] | None = None
    """Comes before `translate`, for pushed and pulled records alike."""
    push: Push[S] | None = None
    pull: Pull[S] | None = None
    file: File[S] | None = None
    verify: Verify[S] | None = None
    """For a shop that can be asked about an order; its source is given a token to ask with."""
    shown: frozenset[str] = frozenset()
    """Places in its payloads that hold nothing personal, the only ones that an audit shows: paths
    such as `lines.*.product.code`, where `*` is every item of a list. A path shows a text or number
    in its own place, nothing below it and nothing of that name elsewhere."""
