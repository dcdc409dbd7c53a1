"""A connector as a value: how records of a source are read, and what each of them means."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from schemas.base import Fact

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line cannot be read; the message says what to do next."""

    code: str
    message: str
    line: int | None = None


class SettingsError(ValueError):
    """What the connector was configured with, or the shape of its file, cannot work."""


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
class RawRecord:
    """One item of a source as received; `body` is what JSON can hold, numbers as int or Decimal."""

    ref: str
    body: Mapping[str, Any]
    line: int
    """Where it begins in its file, counted from 1."""
    fault: Fault | None = None
    """What the reader already found wrong; `body` is then as much as it could make out."""


@dataclass(frozen=True, slots=True)
class Origin:
    """On whose behalf and under which source name records are translated."""

    tenant: str
    source: str


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
class Connector(Generic[S]):
    """What an entry point in the group `hub.connectors` names."""

    name: str
    configure: Callable[[Mapping[str, Any]], S]
    """Raises SettingsError with what to change."""
    records: Callable[[Path, S], Iterator[RawRecord]]
    """Reads a file once, front to back. Raises SettingsError where it is no file of this kind."""
    translate: Callable[[RawRecord, S, Origin], Iterable[Translated]]
    """Pure. Raises UntranslatableError."""
