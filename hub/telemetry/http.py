"""The small HTTP server of a process: /metrics, /healthz and /readyz, on the loop it reports on.

Answering from the process's own loop is the point: a loop that is stuck does not answer /healthz.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Ready = Callable[[], tuple[bool, Sequence[str]]]
"""Whether the process does its work, and what keeps it from it."""
JSON = "application/json"
PATIENCE_SECONDS = 10


@asynccontextmanager
async def health_server(
    host: str, port: int, registry: CollectorRegistry, ready: Ready
) -> AsyncIterator[int]:
    """Serve while the block runs; gives the port, which is a free one where `port` is 0."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_respond(head, registry, ready))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # The asker left or is no HTTP client; there is nobody to tell.
        finally:
            writer.close()

    server = await asyncio.start_server(handle, host, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _respond(head: bytes, registry: CollectorRegistry, ready: Ready) -> bytes:
    method, _, rest = head.decode("latin-1").partition(" ")
    if method not in ("GET", "HEAD"):
        return _answer(HTTPStatus.METHOD_NOT_ALLOWED, JSON, b'{"allowed":["GET"]}')
    match rest.split(" ", 1)[0].split("?", 1)[0]:
        case "/metrics":
            return _answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
        case "/healthz":
            return _answer(HTTPStatus.OK, JSON, b'{"alive":true}')
        case "/readyz":
            is_ready, reasons = ready()
            status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
            return _answer(
                status, JSON, orjson.dumps({"ready": is_ready, "reasons": list(reasons)})
            )
        case _:
            return _answer(HTTPStatus.NOT_FOUND, JSON, b'{"try":["/metrics","/healthz","/readyz"]}')


def _answer(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
