"""A chainer in a process of its own, to be killed."""

import asyncio
import sys

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import ENGINE, connect
from hub.audit.chainer import Chainer
from hub.audit.heads import Signer
from hub.audit.linking import Linker
from hub.telemetry.metrics import Metrics


async def main(dsn: str, kafka: str, topic: str) -> None:
    database = await connect(dsn, size=4, settings={"role": ENGINE})
    linker = Linker(database, Signer(b"k" * 32), head_rows=50)
    await Chainer(linker, KafkaSettings(kafka), Metrics(), topic, seconds=0.5).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
