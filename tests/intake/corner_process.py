"""A translator in a process of its own, which a test can kill or freeze.

python -m tests.intake.corner_process KAFKA DSN CONNECTOR INTAKE [DIE_BEFORE_COMMIT]
"""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from typing import Any

from hub.access.sources import SourceStore
from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import Database, connect
from hub.bootstrap.running import beside
from hub.intake.rounds import WRITE
from hub.recovery.replayer import Replayer
from schemas.topics import WARRANTY_INTAKE
from tests.intake.corner import CORNER, KEYRING, Shop, a_translator, today


class Doomed(Database):
    """Its process dies after it has published and before it commits, at the n-th round."""

    rounds = 0

    async def fetchval(self, sql: str, *values: object) -> Any:
        if sql == WRITE:
            self.rounds -= 1
            if self.rounds == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return await super().fetchval(sql, *values)


async def main(kafka: str, dsn: str, name: str, intake: str, rounds: str = "0") -> None:
    connector = replace(CORNER, name=name)
    store = SourceStore({name: connector}, KEYRING)
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    pool = await connect(dsn)
    database = Doomed(pool._pool)  # noqa: SLF001 - the same pool under another name
    database.rounds = int(rounds)
    shop = Shop(connector, settings, dsn, database, store)
    target = replace(WARRANTY_INTAKE, name=intake)
    replayer = Replayer(shop.topic.name, pool, settings, today(shop, target), every=0.1)
    async with beside(replayer.run()):
        await a_translator(shop, database, target, batch=50).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
