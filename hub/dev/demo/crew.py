"""The processes of a demo: the hub's own verbs, the simulator and the board."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from hub.dev.demo.gate import behind
from hub.dev.demo.place import Place
from hub.dev.supervisor import ProcessSpec
from hub.settings import Settings

SHOPS, BOARD = "shops", "demo"
WORDS = {
    "process": (),
    "project": (),
    "insight": (),
    "ingress": (),
    "translate": ("pos",),
    "files": (),
    "serve": (),
}
"""The hub's processes, and what else each is told."""
DOORS = {"ingress": "push", "serve": "api"}
"""Those with a port for the outside, and what that is called."""
DRAIN_SECONDS = 25
SESSION_MS = 5_000
"""After a kill -9 the next run waits so long for the dead to leave their group."""
STILL_SECONDS = 1.0
"""A dropped file of a demo is small, and somebody waits for it."""
_SLACK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of a demo."""

    seconds: float | None
    rate: float
    run: str
    """What this run's order numbers begin with."""
    verbs: tuple[str, ...]
    """The hub's own processes."""

    @property
    def ports(self) -> tuple[str, ...]:
        """What ports are needed for."""
        return ("kafka", "postgres", *self.verbs, *DOORS.values())

    @property
    def stop_after(self) -> float | None:
        """The board ends a run in time; this is for a board that hangs."""
        return None if self.seconds is None else self.seconds + DRAIN_SECONDS + _SLACK_SECONDS


def crew(place: Place, plan: Plan, ports: Mapping[str, int]) -> list[ProcessSpec]:
    """Everybody; whoever is not needed for a first warranty waits for it."""
    # Whoever is a copy of this process finds these imported.
    from hub.dev.demo.board import main as show  # noqa: PLC0415
    from hub.dev.simulator.publish import main as simulate  # noqa: PLC0415

    until = [] if plan.seconds is None else ["--for", str(plan.seconds)]
    told = ["--run", plan.run, *until]
    watched = [*told, "--state", str(place.root)]
    note = ["--doors", str(place.notes), "--note", str(place.simulator_note)]
    posted = [*told, "--rate", str(plan.rate), *note]
    board = [sys.executable, "-m", "hub.dev.demo.board", *watched]
    first, *others = [_verb(place, verb, ports) for verb in plan.verbs]
    return [
        ProcessSpec(BOARD, board, partial(show, watched)),
        first,
        _behind(SHOPS, place.gate, "hub.dev.simulator.publish", posted, partial(simulate, posted)),
        *others,
    ]


def _verb(place: Place, verb: str, ports: Mapping[str, int]) -> ProcessSpec:
    from hub.main import app  # noqa: PLC0415 - it is what started us

    env = {"HUB_HTTP_PORT": str(ports[verb])}
    if verb in DOORS:
        env["HUB_PUBLIC_PORT"] = str(ports[DOORS[verb]])
    gate = place.gate if verb == "process" else place.second_gate
    words = [verb, *WORDS[verb]]
    return _behind(verb, gate, "hub.main", words, partial(app, words, prog_name="hub"), env)


def _behind(  # noqa: PLR0913, PLR0917 - both ways to start a process
    name: str,
    gate: Path,
    module: str,
    words: Sequence[str],
    call: Callable[[], object],
    env: Mapping[str, str] | None = None,
) -> ProcessSpec:
    argv = [sys.executable, "-m", "hub.dev.demo.gate", str(gate), module, *words]
    return ProcessSpec(name, argv, partial(behind, gate, call), env or {})


def environment(settings: Settings) -> dict[str, str]:
    """What every process is told; a shell's `HUB_*` do not reach them."""
    return {
        "HUB_PROFILE": settings.profile,
        "HUB_KAFKA": settings.kafka,
        "HUB_KAFKA_SECURITY": settings.kafka_security,
        "HUB_POSTGRES": settings.postgres.get_secret_value(),
        "HUB_POSTGRES_API": settings.postgres.get_secret_value(),
        "HUB_PARTITIONS": str(settings.partitions),
        "HUB_REPLICATION": str(settings.replication),
        "HUB_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
        "HUB_LOG_LEVEL": settings.log_level,
        "HUB_HTTP_HOST": settings.http_host,
        "HUB_PUBLIC_HOST": settings.public_host,
        "HUB_PUBLIC_URL": settings.public_url,
        "HUB_ANSWER_SECONDS": str(settings.answer_seconds),
        "HUB_DROP_FOLDER": settings.drop_folder,
        "HUB_DROP_STILL_SECONDS": str(settings.drop_still_seconds),
        "HUB_MASTER_KEY": settings.master_key.get_secret_value(),
    }


def settings_of(place: Place) -> Settings:
    """Nothing that the shell says about another hub counts here, but for how to run this one."""
    noted = place.read()
    return Settings(
        profile="development",
        kafka=noted["kafka"],
        kafka_security="PLAINTEXT",
        postgres=SecretStr(noted["postgres"]),
        replication=1,
        http_host="127.0.0.1",
        public_host="127.0.0.1",
        public_url="",
        drop_folder=str(place.drop),
        drop_still_seconds=STILL_SECONDS,
        session_timeout_ms=SESSION_MS,
        log_level=Settings().log_level if "HUB_LOG_LEVEL" in os.environ else "warning",
    )
