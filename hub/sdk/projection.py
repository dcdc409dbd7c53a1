"""A projection: one table that can be thrown away and made again from the ledger."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points

from schemas.base import Fact
from schemas.envelope import Envelope
from schemas.topics import Topic


@dataclass(frozen=True, slots=True)
class Told:
    """One status event as a projection reads it."""

    envelope: Envelope
    fact: Fact
    seq: int


@dataclass(frozen=True, slots=True)
class Projection:
    """`rows` is pure; `upsert` stores one of its tuples and names the table as `{table}`."""

    name: str
    version: int
    """Raised when the table's meaning changes; the projector then rebuilds it."""
    reads: Topic
    table: str
    consumes: tuple[type[Fact], ...]
    upsert: str
    rows: Callable[[Told], Iterable[tuple[object, ...]]]
    kept: bool = False
    """Its rows were acted upon, so they are never made again: it only ever goes on from where it is."""


def installed() -> dict[str, Projection]:
    """Every installed projection by its name."""
    return {point.name: point.load() for point in entry_points(group="hub.projections")}
