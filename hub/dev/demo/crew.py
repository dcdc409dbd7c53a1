"""The processes of a demo: the hub's own verbs, the simulator and the board."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hub.dev.demo.board import main as show
from hub.dev.demo.gate import behind
from hub.dev.demo.place import Place
from hub.dev.demo.plan import BOARD, DOORS, MAIL, SHOPS, VERBS, Hub, Plan
from hub.dev.simulator.publish import main as simulate
from hub.dev.supervisor import ProcessSpec


@dataclass(frozen=True, slots=True)
class Crew:
    """Whoever is not needed for a first warranty waits for it."""

    place: Place
    plan: Plan
    ports: Mapping[str, int]
    hub: Hub

    def everyone(self) -> list[ProcessSpec]:
        """Those who are needed first stand first."""
        first, *others = [self._verb(verb) for verb in VERBS]
        return [self._board(), first, self._shops(), *others]

    def _board(self) -> ProcessSpec:
        words = [*self._told, "--state", str(self.place.root)]
        argv = [sys.executable, "-m", "hub.dev.demo.board", *words]
        return ProcessSpec(BOARD, argv, partial(show, words))

    def _shops(self) -> ProcessSpec:
        place = self.place
        files = ["--doors", str(place.notes), "--note", str(place.simulator_note)]
        files += ["--book", str(place.book)]
        words = [*self._told, "--rate", str(self.plan.rate), *files]
        argv = _behind(place.gate, "hub.dev.simulator.publish", words)
        return ProcessSpec(SHOPS, argv, partial(behind, place.gate, partial(simulate, words)))

    def _verb(self, verb: str) -> ProcessSpec:
        env = {"HUB_HTTP_PORT": str(self.ports[verb])}
        if verb in DOORS:
            env["HUB_PUBLIC_PORT"] = str(self.ports[DOORS[verb]])
        if verb == "deliver":
            # Customers' mails go to the simulated server; those to people lie in the folder for somebody to read.
            env["HUB_SMTP_URL"] = f"smtp://127.0.0.1:{self.ports[MAIL]}"
        gate = self.place.gate if verb == "process" else self.place.second_gate
        words = list(VERBS[verb])
        call = partial(behind, gate, partial(self.hub, words))
        return ProcessSpec(verb, _behind(gate, "hub.main", words), call, env)

    @property
    def _told(self) -> list[str]:
        seconds = self.plan.seconds
        return ["--run", self.plan.run, *([] if seconds is None else ["--for", str(seconds)])]


def _behind(gate: Path, module: str, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "hub.dev.demo.gate", str(gate), module, *words]
