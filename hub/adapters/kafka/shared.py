"""Writing for many callers at once: who comes while a round is under way shares the next one."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from hub.adapters.kafka.producer import Message, Outlet
from hub.adapters.kafka.settings import KafkaSettings
from hub.domain.errors import HubError
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError

ROUND = 1_000
"""Messages of one round, at most, unless one caller alone brings more."""


class _Parcel(NamedTuple):
    topic: str
    partition: int
    messages: Sequence[Message]
    landed: "asyncio.Future[None]"


class SharedOutlet:
    """One round of produce requests in flight, whatever the number of callers.

    An outlet that fails takes with it all that is in flight, so a failed round fails everyone in
    it, and nobody else.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        """Prepare; the producer is made at the first use."""
        self._outlet = Outlet(settings)
        self._waiting: list[_Parcel] = []
        self._rounds: asyncio.Task[None] | None = None

    async def send(self, topic: str, partition: int, messages: Sequence[Message]) -> None:
        """Send in order and wait for the acknowledgement.

        A caller that stops waiting does not stop its messages.

        Raises:
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: some of the messages may have landed, and none out of order.

        """
        landed = asyncio.get_running_loop().create_future()
        self._waiting.append(_Parcel(topic, partition, messages, landed))
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._send_rounds())
        await landed

    async def _send_rounds(self) -> None:
        while self._waiting:
            parcels = self._next_round()
            lanes: dict[tuple[str, int], list[Message]] = {}
            for parcel in parcels:
                lanes.setdefault((parcel.topic, parcel.partition), []).extend(parcel.messages)
            error: HubError | None = None
            try:
                await self._outlet.send_all(lanes)
            except (BrokerAwayError, BrokerUnavailableError) as away:
                error = away
            except BaseException as fault:
                _tell(parcels, BrokerUnavailableError(f"a round was broken off: {fault!r}"))
                raise
            _tell(parcels, error)

    def _next_round(self) -> list[_Parcel]:
        taken = count = 0
        for parcel in self._waiting:
            count += len(parcel.messages)
            if taken and count > ROUND:
                break
            taken += 1
        parcels, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return parcels

    async def stop(self) -> None:
        """Finish what is under way, then close the connection."""
        if self._rounds is not None:
            await asyncio.wait([self._rounds])
        await self._outlet.stop()


def _tell(parcels: Sequence[_Parcel], error: HubError | None) -> None:
    for parcel in parcels:
        if parcel.landed.done():
            continue
        if error is None:
            parcel.landed.set_result(None)
        else:
            # One error a caller: a traceback grows with everyone who raises it.
            parcel.landed.set_exception(type(error)(str(error)))
