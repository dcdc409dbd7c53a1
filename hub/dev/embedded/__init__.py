"""A real Kafka and a real Postgres for development and tests, with nothing to install first."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.dev.embedded.kafka import KafkaServer
from hub.dev.embedded.postgres import PostgresServer
from hub.dev.embedded.server import EmbeddedError, Server

__all__ = ["EmbeddedError", "KafkaServer", "PostgresServer", "Server", "kafka", "postgres"]


@contextmanager
def kafka(root: Path, port: int | None = None) -> Iterator[str]:
    """A running broker that keeps its data in `root`; gives its bootstrap address."""
    with KafkaServer(root, port) as server:
        yield server.bootstrap


@contextmanager
def postgres(root: Path, port: int | None = None, *, durable: bool = True) -> Iterator[str]:
    """A running Postgres that keeps its data in `root`; gives its DSN.

    With `durable=False` it is faster and may lose its data when the machine stops.
    """
    with PostgresServer(root, port, durable=durable) as server:
        yield server.dsn
