"""Writing for many callers at once: who comes while a round is under way shares the next one."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.adapters.kafka.producer import Message, Outlet
from hub.adapters.kafka.settings import KafkaSettings
from hub.domain.errors import HubError
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError

ROUND = 1_000
"""Messages of one round, at most, unless one caller alone brings more."""
MAX_WAITING = 64 * 1024 * 1024
"""Bytes that wait for Kafka; whoever comes beyond that is told to come again."""
OVERHEAD = 512
"""Bytes that a message takes beside what is written."""
ROUND_SECONDS = 20.0
"""For so long a round may go unacknowledged: the client itself would try it again for ever."""
STOP_SECONDS = 5.0

Lanes = Mapping[tuple[str, int], Sequence[Message]]
"""Messages by topic and partition."""
Landed = asyncio.Future[None]


class _Parcel(NamedTuple):
    lanes: Lanes
    messages: int
    size: int


class SharedOutlet:
    """One round of produce requests in flight, whatever the number of callers.

    An outlet that fails takes with it all that is in flight, so a failed round fails everyone in
    it, and nobody else.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        max_waiting: int = MAX_WAITING,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        """Prepare; the producer is made at the first use."""
        self._outlet = Outlet(settings)
        self._max_waiting = max_waiting
        self._round_seconds = round_seconds
        self._waiting: OrderedDict[Landed, _Parcel] = OrderedDict()
        self._held = 0
        """Bytes of what waits and of the round under way."""
        self._rounds: asyncio.Task[None] | None = None

    async def send(self, topic: str, partition: int, messages: Sequence[Message]) -> None:
        """Send in order and wait for the acknowledgement; raises as `send_all` does."""
        await self.send_all({(topic, partition): messages})

    async def send_all(self, lanes: Lanes) -> None:
        """Send to several partitions in one round, to each in order.

        A caller that stops waiting takes along what no round has taken yet; what is under way
        it does not stop.

        Raises:
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: some of the messages may have landed, and none out of order.

        """
        parcel = _parcel(lanes)
        if self._held and self._held + parcel.size > self._max_waiting:
            message = f"{self._held} bytes wait for Kafka already, and no more may wait"
            raise BrokerAwayError(message)
        landed: Landed = asyncio.get_running_loop().create_future()
        self._waiting[landed] = parcel
        self._held += parcel.size
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._send_rounds())
        try:
            await landed
        finally:
            left = self._waiting.pop(landed, None)
            self._held -= left.size if left else 0

    async def _send_rounds(self) -> None:
        while self._waiting:
            parcels = self._next_round()
            lanes: dict[tuple[str, int], list[Message]] = {}
            for parcel in parcels.values():
                for lane, messages in parcel.lanes.items():
                    lanes.setdefault(lane, []).extend(messages)
            error: HubError | None = None
            try:
                async with asyncio.timeout(self._round_seconds):
                    await self._outlet.send_all(lanes)
            except TimeoutError:
                message = f"Kafka acknowledged nothing within {self._round_seconds:g} s"
                error = BrokerUnavailableError(message)
            except (BrokerAwayError, BrokerUnavailableError) as away:
                error = away
            except BaseException as fault:
                _tell(parcels, BrokerUnavailableError(f"a round was broken off: {fault!r}"))
                raise
            finally:
                self._held -= sum(parcel.size for parcel in parcels.values())
            _tell(parcels, error)

    def _next_round(self) -> dict[Landed, _Parcel]:
        parcels: dict[Landed, _Parcel] = {}
        count = 0
        while self._waiting:
            landed, parcel = self._waiting.popitem(last=False)
            if parcels and count + parcel.messages > ROUND:
                self._waiting[landed] = parcel
                self._waiting.move_to_end(landed, last=False)
                break
            count += parcel.messages
            parcels[landed] = parcel
        return parcels

    async def stop(self) -> None:
        """Finish what is under way if Kafka takes it soon, then close the connection."""
        if self._rounds is not None:
            await asyncio.wait([self._rounds], timeout=STOP_SECONDS)
            self._rounds.cancel()
            await asyncio.wait([self._rounds])
        self._refuse_waiting()
        await self._outlet.stop()

    def _refuse_waiting(self) -> None:
        parcels = dict(self._waiting)
        self._waiting.clear()
        self._held -= sum(parcel.size for parcel in parcels.values())
        _tell(parcels, BrokerAwayError("this process is ending; it sent nothing of it"))


def _parcel(lanes: Lanes) -> _Parcel:
    count = sum(len(messages) for messages in lanes.values())
    size = sum(_size(message) for messages in lanes.values() for message in messages)
    return _Parcel(lanes, count, size)


def _size(message: Message) -> int:
    headers = sum(len(name) + len(value) for name, value in message.headers)
    return OVERHEAD + headers + len(message.key or b"") + len(message.value or b"")


def _tell(parcels: Mapping[Landed, _Parcel], error: HubError | None) -> None:
    for landed in parcels:
        if landed.done():
            continue
        if error is None:
            landed.set_result(None)
        else:
            # One error a caller: a traceback grows with everyone who raises it.
            landed.set_exception(type(error)(str(error)))
