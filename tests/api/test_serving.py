"""How answers leave the process."""

import asyncio
import socket
from contextlib import suppress

from starlette.responses import PlainTextResponse

from hub.bootstrap.ingress import serve_on


async def test_an_answer_is_not_held_back_until_its_head_is_acknowledged() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(serve_on(PlainTextResponse("here"), listener))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n")
    await reader.readuntil(b"here")

    assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    writer.close()
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    listener.close()
