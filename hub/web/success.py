"""How well what came was decided, and where all of it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.recovery.figures import OUTCOMES
from hub.web.figures import Platform
from hub.web.spark import Piece, bar
from hub.web.words import BRIEFLY, number, share

WELL = ("applied", "deduplicated")
BADLY = ("rejected", "retrying", "held", "dead_lettered", "given_up")


@dataclass(frozen=True, slots=True)
class Term:
    """One way an accepted event can have gone."""

    name: str
    label: str
    count: str
    is_none: bool


@dataclass(frozen=True, slots=True)
class Success:
    """Sync success: of what had to be decided, how much was taken over."""

    ratio: str
    well: str
    decided: str
    accepted: str
    unaccounted: str
    is_whole: bool
    """Whether the terms make up all that was accepted."""
    terms: Sequence[Term]
    pieces: Sequence[Piece]


def success(now: Platform) -> Success:
    """Forwarded events count at their home; early ones and those on Kafka are not decided yet."""
    well = sum(now.outcomes[name] for name in WELL)
    decided = well + sum(now.outcomes[name] for name in BADLY)
    counts = {name: now.outcomes[name] for name in OUTCOMES} | {"waiting": now.waiting or 0}
    return Success(
        ratio=share(well, decided),
        well=number(well),
        decided=number(decided),
        accepted=number(now.accepted),
        unaccounted=number(now.unaccounted),
        is_whole=now.unaccounted == 0,
        terms=[
            Term(name, BRIEFLY[name], number(count), count == 0) for name, count in counts.items()
        ],
        pieces=bar(counts),
    )
