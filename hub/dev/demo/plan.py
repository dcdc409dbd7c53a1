"""What a demo is made of, and what is asked of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Hub = Callable[[Sequence[str]], object]
"""The `hub` command, with what is told to it."""

SHOPS, BOARD = "shops", "demo"
VERBS: dict[str, tuple[str, ...]] = {
    "process": ("process",),
    "project": ("project",),
    "insight": ("insight",),
    "ingress": ("ingress",),
    "translate": ("translate", "pos"),
    "files": ("files",),
    "serve": ("serve",),
    "retain": ("retain",),
    "catalog": ("process", "catalog"),
    "deliver": ("deliver",),
}
"""The hub's processes and how each is called; the first alone is needed for a warranty."""
DOORS = {"ingress": "push", "serve": "api"}
"""Those with a port for the outside, and what that is called."""
DRAIN_SECONDS = 60
RECEIVERS, MAIL = "receivers", "mail"
"""Who is told: over HTTP, and by mail."""
PORTS = ("kafka", "postgres", *VERBS, *DOORS.values(), RECEIVERS, MAIL)
_SLACK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a demo."""

    seconds: float | None
    rate: float
    run: str
    """What this run's order numbers begin with."""

    @property
    def stop_after(self) -> float | None:
        """The board ends a run in time; this is for a board that hangs."""
        return None if self.seconds is None else self.seconds + DRAIN_SECONDS + _SLACK_SECONDS
