"""A producer of somebody else's that writes sales in transactions and gives some of them up."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.dev.crash.diary import Diary
from hub.dev.crash.installation import INTAKE
from hub.dev.crash.load import Load
from hub.dev.crash.stories import Event, Teller

ABORTED = 0.3
_RETURNED = 0.3
_MOST = 8
_TIMEOUT_MS = 10_000


@dataclass(slots=True)
class Stranger:
    """Leaves control records in the intake topic, whatever becomes of its sales."""

    bootstrap: str
    teller: Teller
    diary: Diary
    load: Load
    chance: random.Random
    transactions: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; a broken producer is replaced, as its owner's restart would."""
        while not stop.is_set():
            producer = AIOKafkaProducer(
                bootstrap_servers=self.bootstrap,
                transactional_id="stranger",
                transaction_timeout_ms=_TIMEOUT_MS,
            )
            try:
                await producer.start()
                while not stop.is_set():
                    await self._transaction(producer)
                    await asyncio.sleep(self.chance.uniform(0.1, 0.8))
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(1)
            finally:
                await _close(producer)

    async def _transaction(self, producer: Any) -> None:
        sales = [self.teller.sale("erp") for _ in range(self.chance.randint(1, _MOST))]
        aborted = self.chance.random() < ABORTED
        try:
            await producer.begin_transaction()
            landed = [await self._send(producer, sale) for sale in sales]
            await (producer.abort_transaction() if aborted else producer.commit_transaction())
        except BaseException:
            for sale in sales:
                self.diary.failed(sale)
            raise
        self.transactions += 1
        for sale, metadata in zip(sales, landed, strict=True):
            if aborted:
                self.diary.undone(sale)
                continue
            self.diary.landed(sale, metadata)
            if self.chance.random() < _RETURNED:
                self.load.follow(self.teller.returned(sale), self.chance.uniform(0, 5))

    async def _send(self, producer: Any, sale: Event) -> Any:
        return await producer.send_and_wait(
            INTAKE,
            sale.body,
            sale.home.encode(),
            sale.partition(self.diary.partitions),
            headers=sale.headers(),
        )


async def _close(producer: Any) -> None:
    try:
        await asyncio.wait_for(producer.stop(), 10)
    except (KafkaError, OSError, TimeoutError):
        await producer.client.close()
