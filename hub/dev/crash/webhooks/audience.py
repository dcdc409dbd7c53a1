"""Those who are told: endpoints made before anything is decided, and the process that listens for all of them."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from hub.access.keyring import Keyring
from hub.adapters.postgres import connect
from hub.audit.entries import By
from hub.delivery.bodies import Payload
from hub.delivery.endpoints import Desk, Shape
from hub.delivery.kinds import Ordering
from hub.delivery.queue import SLACK_SECONDS
from hub.dev.checker.webhook_log import (
    HEARD,
    Endpoint,
    Moment,
    Webhooks,
    read_webhooks,
    write_endpoints,
    write_moments,
)
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.crash.webhooks.receiver import Listener, write_listeners
from hub.dev.embedded.server import free_port
from hub.dev.lifeline import die_with_parent
from hub.settings import DEVELOPMENT_KEY

KIND = "deliver"
TIMEOUT_SECONDS = 4.0
LEASE_SECONDS = TIMEOUT_SECONDS + SLACK_SECONDS
"""After which an attempt counts as lost."""
SCALE = 0.0002
"""Of the pauses between attempts: a run has minutes, not days."""
FAILS = 0.2
BRANCHES = 20
MOST_TOLD = 8
"""Events a second whose outcome is told to those who choose by branch; each may become several."""
WHO = By(kind="system", id="crash")
_READY_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody who wants to be told."""

    name: str
    shape: Shape
    fails: float = 0.0
    by_branch: bool = True


def _shape(ordering: Ordering, payload: Payload = "thin", types: Sequence[str] = ()) -> Shape:
    return Shape(
        address="",
        ordering=ordering,
        payload=payload,
        rate=10_000.0,
        at_once=32,
        timeout=TIMEOUT_SECONDS,
        types=list(types),
    )


CHOSEN = ["warranty.linked.v1", "claim.submitted.v1", "claim.approved.v1", "effect.changed.v1"]
WISHES = (
    Wish("full", _shape("per_subject", "full")),
    Wish("loose", _shape("none")),
    Wish("flaky", _shape("per_subject"), fails=FAILS),
    Wish("chosen", _shape("per_subject", "full", CHOSEN), by_branch=False),
)


def environment() -> dict[str, str]:
    """What whoever delivers is told beside what all are."""
    return {"HUB_DELIVERY_NETWORKS": "127.0.0.0/8", "HUB_DELIVERY_SCALE": str(SCALE)}


def branches(rate: int) -> list[str]:
    """Of which an endpoint hears when so many events a second are sent; none named: of all."""
    count = BRANCHES * MOST_TOLD // max(rate, 1)
    # Claims are filed at the branch 1.
    return [f"Branch {n + 1}" for n in range(max(1, count))] if count < BRANCHES else []


@dataclass(slots=True)
class Audience:
    """The endpoints of a run."""

    place: Installation
    rate: int
    endpoints: list[Endpoint] = field(default_factory=list)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def folder(self) -> Path:
        """Where everything stands that the checker has to know."""
        return self.place.root / "webhooks"

    async def gather(self) -> None:
        """Make the endpoints and begin to listen."""
        self.folder.mkdir()
        port = free_port()
        await self._make(WISHES, f"http://127.0.0.1:{port}")
        self._listen(port)
        async with asyncio.timeout(_READY_SECONDS):
            while not await _answers(port):  # noqa: ASYNC110 - a process tells nobody
                await asyncio.sleep(0.1)

    async def _make(self, wishes: Sequence[Wish], url: str) -> None:
        listeners, database = [], await connect(self.place.dsn, size=1)
        try:
            for wish in wishes:
                address = f"{url}/{wish.name}"
                where = branches(self.rate) if wish.by_branch else []
                shape = replace(wish.shape, address=address, branches=where)
                async with database.transaction() as tx:
                    desk = Desk(tx, Keyring(DEVELOPMENT_KEY.encode()), TENANT, WHO)
                    made, secret = await desk.add(shape)
                shown = secret.shown if secret else ""
                listeners.append(Listener(wish.name, shown, wish.fails))
                self.endpoints.append(_asked(made.id, wish.name, shape))
        finally:
            await database.close()
        write_listeners(self.folder, listeners)
        write_endpoints(self.folder, self.endpoints)

    def _listen(self, port: int) -> None:
        (self.folder / HEARD).touch()
        with (self.place.root / "receiver.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub.dev.crash.webhooks.receiver", str(port), self.folder],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def heard(self, moments: Sequence[Moment]) -> Webhooks:
        """What was heard until now, and when those who tell were killed or stood still."""
        write_moments(self.folder, moments)
        return read_webhooks(self.folder)

    @staticmethod
    def counts(figures: Mapping[str, int]) -> bool:
        """Whether everything that should happen did."""
        done = ("wanted", "told", "refused", "lost_attempts")
        return all(figures[f"webhooks_{what}"] for what in done)

    def leave(self) -> None:
        """Listen no more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _asked(name: str, path: str, shape: Shape) -> Endpoint:
    """What was asked for, as the checker knows it."""
    in_order = shape.ordering == "per_subject"
    filters = tuple(shape.types), tuple(shape.branches)
    return Endpoint(name, path, shape.payload, in_order, *filters)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
