"""How answers leave the process."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.responses import PlainTextResponse

from hub.bootstrap.ingress import serve_on


@asynccontextmanager
async def serving() -> AsyncIterator[socket.socket]:
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(serve_on(PlainTextResponse("here"), listener))
    try:
        yield listener
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        listener.close()


async def said_to(listener: socket.socket, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_an_answer_is_not_held_back_until_its_head_is_acknowledged() -> None:
    async with serving() as listener:
        request = b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"
        assert (await said_to(listener, request)).endswith(b"here")

        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_what_is_no_http_is_told_what_to_do() -> None:
    async with serving() as listener:
        request = "GET /v1/warranties?branch=Beyoğlu HTTP/1.1\r\nHost: hub\r\n\r\n"
        head, body = (await said_to(listener, request.encode())).split(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400
    assert "percent-encode" in json.loads(body)["detail"]
