"""Answers over HTTP of whoever is asked: never more of them than there is memory for."""

from collections.abc import AsyncIterator

import httpx

from connectors.sdk import untranslatable

MAX_BYTES = 2 * 1024 * 1024
"""Of an answer."""


class _Bounded(httpx.AsyncByteStream):
    """The body of an answer, until it is too much."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_BYTES:
                message = f"an answer has more than {MAX_BYTES} bytes; ask for less"
                raise untranslatable("answer_too_large", message)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def bound(response: httpx.Response) -> None:
    """Never unpack, nor read too much: an answer of kilobytes may unpack to gigabytes."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        message = f"an answer is packed ({encoding[:40]}) though it was asked for as it is"
        raise untranslatable("answer_packed", message)
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - of an async client
    response.stream = _Bounded(response.stream)
