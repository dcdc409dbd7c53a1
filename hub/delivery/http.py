"""JSON over HTTP: a signed CloudEvent by POST, and as much of the answer as can be of use."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import orjson

from hub.delivery.bodies import JSON, body_of
from hub.delivery.destinations import Parcel, Receiver
from hub.delivery.egress import Egress, ForbiddenError, Target
from hub.delivery.lines import Lines
from hub.delivery.masking import masked
from hub.delivery.schedule import CONFLICT, Answer, wait_asked
from hub.delivery.signing import signed

MAX_ANSWER = 16 * 1024
"""Bytes of an answer that are read and kept; the rest is never fetched."""
DOUBTFUL = "it answered with success, but its body speaks of an error"
UNUSED_SECONDS = 60.0
"""So long the lines to a receiver are kept to which nothing is sent."""
MAX_TEXT = 500

NO_ANSWER: dict[type[Exception], tuple[str, str]] = {
    TimeoutError: ("timeout", "it did not answer in time"),
    httpx.ConnectTimeout: ("connect_timeout", "nothing took the connection in time"),
    httpx.TimeoutException: ("timeout", "it did not answer in time"),
    httpx.ConnectError: ("connect_failed", "the connection or its TLS failed"),
    httpx.RemoteProtocolError: ("bad_answer", "what it answered is no HTTP, or too much of it"),
    httpx.HTTPError: ("connection_lost", "the connection ended before the answer"),
    httpx.InvalidURL: ("bad_url", "its URL cannot be used"),
}
"""Why there was no answer; the first that fits."""


@dataclass(slots=True)
class _Known:
    """A receiver as it was when its lines were opened."""

    version: int
    lines: Lines = field(default_factory=Lines)
    used_at: float = 0.0


@dataclass(slots=True)
class HttpDestination:
    """Posts to receivers, each by lines of its own."""

    egress: Egress
    _known: dict[str, _Known] = field(default_factory=dict)
    _looked_at: float = 0.0

    def check(self, address: str) -> None:
        """Raise ForbiddenError where no address of that form is ever sent to."""
        Target.of(address)

    async def send(self, receiver: Receiver, parcel: Parcel) -> Answer:
        """Make one attempt; whatever goes wrong is an answer."""
        body = body_of(parcel.body, receiver.payload)
        headers = signed(parcel.event, int(time.time()), body, receiver.secrets)
        headers["content-type"] = JSON
        if parcel.traceparent:
            headers["traceparent"] = parcel.traceparent
        return await self.post(receiver, body, headers)

    async def post(self, receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post these very bytes."""
        try:
            async with asyncio.timeout(receiver.timeout), self._line(receiver) as client:
                request = client.build_request(
                    "POST", receiver.address, content=body, headers=dict(headers)
                )
                return await _asked(client, request)
        except ForbiddenError as error:
            return Answer(error.code, str(error))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return _unanswered(error)

    @asynccontextmanager
    async def _line(self, receiver: Receiver) -> AsyncIterator[httpx.AsyncClient]:
        """A line nobody else uses meanwhile; one that failed is thrown away."""
        known = self._known.get(receiver.id)
        if known is None or known.version != receiver.version:
            before, known = known, _Known(receiver.version)
            self._known[receiver.id] = known
            if before is not None:
                await before.lines.hang_up()
        known.used_at = time.monotonic()
        await self._forget_unused(known.used_at)
        opened = partial(self.egress.client, receiver.address, receiver.timeout)
        async with known.lines.lent(opened) as client:
            yield client

    async def _forget_unused(self, now: float) -> None:
        """Hang up where nothing was sent for a while; now and then, whenever something is sent."""
        if now - self._looked_at < UNUSED_SECONDS:
            return
        self._looked_at = now
        unused = [name for name, one in self._known.items() if now - one.used_at >= UNUSED_SECONDS]
        for known in [self._known.pop(name) for name in unused]:
            await known.lines.hang_up()

    async def aclose(self) -> None:
        """Hang up."""
        known, self._known = list(self._known.values()), {}
        for one in known:
            await one.lines.hang_up()


async def _asked(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    response = await client.send(request, stream=True)
    try:
        beginning = await _beginning(response)
    finally:
        # What was not read is not wanted: the connection goes with it.
        await response.aclose()
    return _answer(response, beginning)


async def _beginning(response: httpx.Response) -> bytes:
    """The first bytes as they came: what is packed stays so, for it may unpack to anything."""
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) >= MAX_ANSWER:
            break
    return bytes(found[:MAX_ANSWER])


def _answer(response: httpx.Response, beginning: bytes) -> Answer:
    text = beginning.decode(errors="replace")
    status = response.status_code
    return Answer(
        outcome="answered",
        explained=_explained(response, beginning),
        status=status,
        retry_after=wait_asked(response.headers.get("retry-after")),
        beginning=masked(text),
        locked=status == CONFLICT
        and ("retry-after" in response.headers or "locked" in text[:MAX_TEXT].lower()),
    )


def _explained(response: httpx.Response, beginning: bytes) -> str:
    status = response.status_code
    if response.has_redirect_location:
        return "it points elsewhere, and redirects are not followed: change the endpoint's URL"
    if response.is_success and _speaks_of_error(beginning):
        return DOUBTFUL
    return "" if response.is_success else f"it answered {status}"


def _speaks_of_error(beginning: bytes) -> bool:
    try:
        said = orjson.loads(beginning)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(said, dict):
        return False
    return bool(said.get("error") or said.get("errors")) or False in {
        said.get("success", True) is not False,
        said.get("ok", True) is not False,
    }


def _unanswered(error: Exception) -> Answer:
    outcome, explained = next(why for kind, why in NO_ANSWER.items() if isinstance(error, kind))
    detail = str(error).replace("\x00", "")[:MAX_TEXT]
    return Answer(outcome, f"{explained}: {masked(detail)}" if detail else explained)
