"""The processes of a demo: the hub's own verbs, the simulator and the board."""

import os
import sys
from dataclasses import dataclass

from pydantic import SecretStr

from hub.dev.demo.place import Place
from hub.dev.supervisor import ProcessSpec
from hub.settings import Settings

SHOPS, BOARD = "shops", "demo"
HUB, SIMULATOR, SHOW = "hub.main", "hub.dev.simulator.publish", "hub.dev.demo.board"
DRAIN_SECONDS = 20
SESSION_MS = 5_000
"""After a kill -9 the next run waits so long for the dead to leave their group."""
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
    def stop_after(self) -> float | None:
        """The board ends a run in time; this is for a board that hangs."""
        return None if self.seconds is None else self.seconds + DRAIN_SECONDS + _SLACK_SECONDS


def crew(place: Place, plan: Plan, ports: dict[str, int]) -> list[ProcessSpec]:
    """Whoever is needed for a first warranty stands first; `ports` has one for each verb."""
    gate = [sys.executable, "-m", "hub.dev.demo.gate", str(place.gate)]
    process, *others = (
        ProcessSpec(verb, ["env", f"HUB_HTTP_PORT={port}", *gate, HUB, verb])
        for verb, port in ports.items()
    )
    until = [] if plan.seconds is None else ["--for", str(plan.seconds)]
    note = ["--note", str(place.simulator_note)]
    told = ["--run", plan.run, *until]
    shops = [*gate, SIMULATOR, *told, "--rate", str(plan.rate), *note]
    board = [sys.executable, "-m", SHOW, *told, "--state", str(place.root)]
    return [ProcessSpec(BOARD, board), process, ProcessSpec(SHOPS, shops), *others]


def environment(settings: Settings) -> dict[str, str]:
    """What every process is told; a shell's `HUB_*` do not reach them."""
    return {
        "HUB_PROFILE": settings.profile,
        "HUB_KAFKA": settings.kafka,
        "HUB_KAFKA_SECURITY": settings.kafka_security,
        "HUB_POSTGRES": settings.postgres.get_secret_value(),
        "HUB_PARTITIONS": str(settings.partitions),
        "HUB_REPLICATION": str(settings.replication),
        "HUB_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
        "HUB_LOG_LEVEL": settings.log_level,
        "HUB_HTTP_HOST": settings.http_host,
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
        session_timeout_ms=SESSION_MS,
        log_level=Settings().log_level if "HUB_LOG_LEVEL" in os.environ else "warning",
    )
