"""A worker in a process of its own, which a test can kill: KAFKA DSN TOPIC_PREFIX."""

import asyncio
import sys

from hub.access.keyring import Keyring
from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import BY_INDEX, connect
from hub.ledger.worker import Worker
from hub.telemetry.metrics import Metrics
from tests.ledger.counter import World, counter
from tests.ledger.driver import PARTITIONS


async def main(kafka: str, dsn: str, prefix: str) -> None:
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    database = await connect(dsn, size=PARTITIONS + 4, settings=BY_INDEX)
    processor, keyring = counter(prefix, World()), Keyring(b"k" * 32)
    await Worker(processor, settings, database, keyring, Metrics(), batch=500).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
