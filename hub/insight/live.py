"""The Faust application: one agent on a status topic, one window, no table and no topic of its own.

A Faust table would need a changelog topic and a recovery at every start; it may still lose counts
after a kill (see ARCHITECTURE.md), so these windows live in memory and claim nothing more.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

import faust
from faust.types.auth import CredentialsT

from hub.adapters.kafka import KafkaSettings, partition_counts
from hub.domain.errors import HubError
from hub.insight.windows import Windows
from hub.telemetry.metrics import Metrics

WINDOW_SECONDS = 10.0
SHOW_SECONDS = 1.0
STOP_SECONDS = 5.0


class MissingTopicError(HubError):
    """Faust would say nothing and wait for ever."""


@dataclass(slots=True)
class Live:
    """The live windows of one status topic."""

    kafka: KafkaSettings
    topic: str
    outcomes: Sequence[str]
    """The event types that are counted by their name."""
    metrics: Metrics
    _app: Any = field(init=False, default=None)

    def ready(self) -> tuple[bool, list[str]]:
        """Whether the topic is being read."""
        assigned = self._app is not None and bool(self._app.assignor.assigned_actives())
        return assigned, [] if assigned else [f"no partition of {self.topic} is assigned yet"]

    async def run(self) -> None:
        """Count until cancelled.

        Raises:
            MissingTopicError: the topic is not there.

        """
        if not await partition_counts(self.kafka, [self.topic]):
            message = f"topic {self.topic} is missing; run `hub topics apply`"
            raise MissingTopicError(message)
        windows = Windows(
            faust.TumblingWindow(WINDOW_SECONDS), frozenset(self.outcomes), self.metrics
        )
        # Faust makes folders for tables, though there is none, and would make them where we stand.
        with TemporaryDirectory(prefix="warranty-hub-insight-", ignore_cleanup_errors=True) as data:
            self._app = application(self.kafka, self.topic, windows, data)
            await self._app.start()
            try:
                while True:
                    windows.roll(time.time())
                    windows.show()
                    await asyncio.sleep(SHOW_SECONDS)
            finally:
                # From outside the agents: a stop inside one waits for itself.
                await asyncio.wait([asyncio.create_task(self._app.stop())], timeout=STOP_SECONDS)


def application(kafka: KafkaSettings, topic: str, windows: Windows, data: str) -> Any:
    """A Faust application that feeds the windows; `data` is a folder it may fill."""
    app = faust.App(
        f"hub.insight.{topic}",
        broker=[f"kafka://{host}" for host in kafka.bootstrap.split(",")],
        broker_credentials=_credentials(kafka),
        broker_session_timeout=kafka.session_timeout_ms / 1000,
        broker_heartbeat_interval=kafka.heartbeat_interval_ms / 1000,
        # Only what happens from now on belongs into a live window.
        consumer_auto_offset_reset="latest",
        # Nothing of its own on the cluster: no leader topic, no declarations, no web server.
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
        store="memory://",
        datadir=data,
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=False,
        loop=asyncio.get_running_loop(),
    )
    source = app.topic(topic, key_type=bytes, value_type=bytes)

    @app.agent(source, name="outcomes")
    async def count(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            outcome = dict(message.headers or ()).get("ce_type") or b""
            windows.add(outcome.decode(errors="replace"), message.timestamp)

    return app


def _credentials(kafka: KafkaSettings) -> CredentialsT | None:
    client = kafka.client()
    context = client.get("ssl_context")
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password,
            ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )
    return faust.SSLCredentials(context) if context is not None else None
