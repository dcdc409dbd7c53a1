"""Launches both servers; they come up while the hub's processes do."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from hub.dev.demo.place import Place, identity
from hub.dev.demo.say import Teller
from hub.dev.embedded import KafkaServer, PostgresServer


@contextmanager
def servers(
    place: Place, ports: dict[str, int], say: Teller, check: Callable[[], None]
) -> Iterator[tuple[KafkaServer, PostgresServer]]:
    """Both servers for as long as the block runs; they come up meanwhile.

    `check` raises what a signal has asked for.
    """
    kafka = KafkaServer(place.root / "kafka", ports["kafka"])
    postgres = PostgresServer(place.root / "postgres", ports["postgres"])
    with ExitStack() as stack:
        say("starting Kafka (downloads 36 MB the first time)")
        stack.callback(kafka.stop)
        kafka.spawn()
        check()
        place.note(broker_spawned_at=time.time())
        say("starting Postgres")
        stack.callback(postgres.stop)
        postgres.spawn()
        check()
        pids = {one.name: identity(one.pid) for one in (kafka, postgres)}
        place.note(servers=pids, kafka=kafka.bootstrap, postgres=postgres.dsn)
        yield kafka, postgres
