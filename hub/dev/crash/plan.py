"""What is asked of a run, and which kinds of process it takes."""

from dataclasses import dataclass

from hub.dev.crash.tally.stage import KIND as TALLY
from hub.dev.crash.torment import SHARES
from hub.dev.crash.webhooks.audience import KIND as DELIVER

LEAST_KILLS = 4
"""Of each kind, in a run of fifty; in a shorter one accordingly."""
A_RUN = 50
DOORS = ("ingress", "translate", "serve", "files")
CATALOG = "catalog"
COUNTS = {"project": 2, "insight": 1, TALLY: 2, CATALOG: 2, DELIVER: 2, **dict.fromkeys(DOORS, 2)}
"""Processes of a kind; as many as there are workers of what is not here."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a run."""

    kills: int = 50
    zombies: int = 8
    rate: int = 500
    fences: int = 5
    """Late claims of a partition by a member that then dies."""
    broker_restarts: int = 0
    postgres_stops: int = 0
    workers: int = 3
    kinds: tuple[str, ...] = tuple(SHARES)
    seed: int = 0
    drain_seconds: float = 90

    @property
    def views(self) -> bool:
        """Whether projections run."""
        return "project" in self.kinds

    @property
    def least_kills(self) -> int:
        """So many each kind must have survived for the run to count."""
        return max(1, min(LEAST_KILLS, self.kills * LEAST_KILLS // A_RUN))

    @property
    def doors(self) -> bool:
        """Whether outside systems come to the doors."""
        return set(DOORS) <= set(self.kinds)

    @property
    def claims(self) -> bool:
        """Whether claims are filed and decided: that takes the doors, and the stock of the catalogue."""
        return self.doors and CATALOG in self.kinds

    @property
    def webhooks(self) -> bool:
        """Whether endpoints are told: that takes the projection of deliveries."""
        return self.views and DELIVER in self.kinds
