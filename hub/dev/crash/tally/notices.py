"""A vendor that only gives notice: what there is to count is asked for at its API.

The connector is found by entry point like any other; the vendor is `python -m hub.dev.crash.tally.notices PORT`.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from connectors.sdk import (
    Canonical,
    Connector,
    Enrich,
    Origin,
    RawRecord,
    SettingsError,
)
from hub.dev.crash.tally.processor import Added, home_of

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"


class Vendor(NamedTuple):
    """Where it answers."""

    url: str


def _configure(document: Mapping[str, Any]) -> Vendor:
    if set(document) != {"url"}:
        raise SettingsError("tell the vendor's url, and nothing else")
    return Vendor(str(document["url"]))


async def _fetch(client: httpx.AsyncClient, record: RawRecord, settings: Vendor) -> bytes:
    answer = await client.get(f"{settings.url}/{record.payload.decode()}")
    return answer.raise_for_status().content


def _translate(record: RawRecord, _settings: Vendor, _origin: Origin) -> Iterable[Canonical]:
    fact = Added.model_validate_json(record.enriched)
    yield Canonical(datetime(2026, 1, 1, tzinfo=UTC), fact, home_of(fact.key))


def _host(settings: Vendor) -> str:
    return settings.url.removeprefix("http://")


CONNECTOR = Connector(
    name="notices",
    revision=1,
    configure=_configure,
    translate=_translate,
    enrich=Enrich(_fetch, _host),
)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            key, n = request.split(b" ", 2)[1].decode().strip("/").rsplit("/", 1)
            body = json.dumps({"key": key, "n": int(n)}).encode()
            writer.write(_OK % (len(body), body))
    except (asyncio.IncompleteReadError, OSError):
        writer.close()


async def _serve(port: int) -> None:
    async with await asyncio.start_server(_answer, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
