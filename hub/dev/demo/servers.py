"""Launches both servers; they come up while the hub's processes do."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hub.dev.demo.place import Place, identity
from hub.dev.demo.say import Teller
from hub.dev.embedded import KafkaServer, PostgresServer


@contextmanager
def servers(place: Place, ports: dict[str, int], say: Teller) -> Iterator[KafkaServer]:
    """Both servers for as long as the block runs: Postgres is ready, Kafka soon will be."""
    kafka = KafkaServer(place.root / "kafka", ports["kafka"])
    postgres = PostgresServer(place.root / "postgres", ports["postgres"])
    with ExitStack() as stack:
        say("starting Kafka (downloads 36 MB the first time)")
        stack.callback(kafka.stop)
        kafka.spawn()
        place.note(broker_spawned_at=time.time())
        say("starting Postgres")
        stack.callback(postgres.stop)
        postgres.spawn()
        place.note(
            servers={one.name: identity(one.pid) for one in (kafka, postgres)},
            kafka=kafka.bootstrap,
            postgres=postgres.dsn,
        )
        postgres.wait_ready()
        yield kafka
