"""The stream of changes: what comes over it, who may hold it, and how it ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psutil
import pytest

from hub.access import keys
from hub.web import board
from tests.ui.house import TENANT, House, Pages, eventually, stranger

pytestmark = pytest.mark.servers

UNREADABLE = """
insert into trail (log, n, line, tenant, at, stage, status, correlation, source, event_id, doc)
values ('ledger', 0, 0, 'acme', now(), 'decided', 'applied', 'x', 'x', 'unreadable', '[]')
"""
FILE = """
insert into file_progress (tenant, source, digest, name, taken, reading, size, lines, state, line, records, reason)
values ('acme', 'till', $2, $2, 'now', '{}', 1000, 100, $1, $3, $3, 'no header')
"""


@asynccontextmanager
async def streamed(client: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of a stream."""
    async with client.stream("GET", "/live", timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_begins_with_everything_and_goes_on_with_what_changes(
    pages: Pages, house: House
) -> None:
    async with house.browsing(pages) as client, streamed(client) as events:
        first = await anext(events)
        await house.sell("S-1")
        async for event in events:
            assert "success" in first["parts"]
            if "S-1" in event["parts"].get("events", ""):
                break

    assert set(first["parts"]) == {"verdict", "success", "gauges", "events", "rates", "files"}


async def test_sends_no_part_that_stayed_as_it_was(pages: Pages, house: House) -> None:
    async with house.browsing(pages) as client, streamed(client) as events:
        await anext(events)
        quiet = [await anext(events) for _ in range(3)]

    assert all("files" not in event["parts"] for event in quiet)


async def test_looks_once_for_everybody_and_only_while_somebody_watches(
    pages: Pages, house: House
) -> None:
    async with house.browsing(pages) as client:
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(streamed(client)) for _ in range(5)]
            for events in streams:
                await anext(events)
            looks = pages.web.board.looks
            await asyncio.sleep(3)
            assert 2 <= pages.web.board.looks - looks <= 4

        await eventually(_is_idle(pages), 5)


def _is_idle(pages: Pages) -> Any:
    async def is_idle() -> bool:
        return not pages.web.board.is_looking and pages.web.board.viewers == 0

    return is_idle


async def test_ends_every_stream_when_the_process_is_asked_to_stop(house: House) -> None:
    async with house.pages() as pages, house.browsing(pages) as client, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(streamed(client)) for _ in range(5)]
        for events in streams:
            await anext(events)
        began = time.monotonic()
        await pages.stop()
        took = time.monotonic() - began
        for events in streams:
            assert len([one async for one in events]) < 3

    assert took < 2


async def test_ends_the_stream_of_a_key_that_was_revoked_and_no_other(
    pages: Pages, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "BEAT_SECONDS", 0.5)
    token = await keys.issue(house.database, TENANT, "leaver")
    async with stranger(pages) as leaver, house.browsing(pages) as client:
        await leaver.post("/sign-in", data={"key": token})
        async with streamed(leaver) as theirs, streamed(client) as ours:
            await anext(theirs)
            await asyncio.sleep(1.5)
            await anext(theirs)
            await keys.revoke(house.database, token)
            async with asyncio.timeout(10):
                assert len([one async for one in theirs]) < 10
            assert await anext(ours)
            assert await anext(ours)


async def test_has_place_for_so_many_viewers_and_tells_the_next_to_come_again(
    house: House,
) -> None:
    async with house.pages(max_viewers=2) as pages, house.browsing(pages) as client:
        async with streamed(client) as one, streamed(client) as two:
            await anext(one)
            await anext(two)
            turned_away = await client.get("/live")
        await eventually(_is_idle(pages), 5)
        async with streamed(client) as again:
            await anext(again)

    assert turned_away.status_code == 503
    assert turned_away.headers["retry-after"]


async def test_gives_a_place_back_however_a_viewer_leaves(house: House) -> None:
    async with house.pages(max_viewers=3) as pages:
        for _ in range(10):
            async with house.browsing(pages) as client:
                reader, writer = await asyncio.open_connection(*_address(pages))
                cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
                writer.write(f"GET /live HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
                await writer.drain()
                assert b"200 OK" in await reader.readline()
                writer.transport.abort()
                await eventually(_is_idle(pages), 5)


def _address(pages: Pages) -> tuple[str, int]:
    host, _, port = pages.url.removeprefix("http://").partition(":")
    return host, int(port)


async def test_serves_fifty_viewers_alike_and_keeps_nothing_of_them(
    pages: Pages, house: House
) -> None:
    process = psutil.Process()
    async with house.browsing(pages) as client:
        await _watch(client, 50, 2)
        before, cpu = process.memory_info().rss, time.process_time()
        seen = await _watch(client, 50, 6)
        grown, cpu = process.memory_info().rss - before, time.process_time() - cpu

    assert len(set(seen)) == 1
    assert grown < 16 * 1024 * 1024
    print(f"50 viewers, 6 s: {cpu / 6:.1%} of a core, clients included")  # noqa: T201


async def _watch(client: httpx.AsyncClient, viewers: int, count: int) -> list[str]:
    """The last of the figures that each of so many saw."""
    limits = httpx.Limits(max_connections=viewers + 1)
    transport = httpx.AsyncHTTPTransport(limits=limits)
    async with httpx.AsyncClient(
        base_url=client.base_url, cookies=client.cookies, transport=transport
    ) as many:

        async def watch() -> str:
            async with streamed(many) as events:
                seen = [await anext(events) for _ in range(count)]
            return str(seen[0]["parts"].get("success"))

        return await asyncio.gather(*(watch() for _ in range(viewers)))


async def test_says_that_its_figures_are_old_while_postgres_is_away(house: House) -> None:
    async with house.pages() as pages, house.browsing(pages) as client, streamed(client) as events:
        first = await anext(events)
        await pages.web.board.database.close()
        async for event in events:
            if "does not answer" in event["parts"].get("verdict", ""):
                break

    assert "does not answer" not in first["parts"]["verdict"]
    assert "success" not in event["parts"], "what was known stays on the page"


async def test_goes_on_after_what_it_cannot_read_and_says_so(pages: Pages, house: House) -> None:
    async with house.browsing(pages) as client, streamed(client) as events:
        await anext(events)
        await house.database.execute(UNREADABLE)
        async for event in events:
            if "has a fault" in event["parts"].get("verdict", ""):
                break
        await house.database.execute("delete from trail where event_id = 'unreadable'")
        async for event in events:
            if "has a fault" not in event["parts"].get("verdict", "has a fault"):
                break


async def test_shows_how_far_a_dropped_file_is(pages: Pages, house: House) -> None:
    await house.database.execute(FILE, "working", "night<1>.csv", 41)
    await house.database.execute(FILE, "refused", "broken.csv", 3)
    try:
        async with house.browsing(pages) as client:
            board = await client.get("/")
    finally:
        await house.database.execute("delete from file_progress")

    assert '<progress max="100" value="41"' in board.text
    assert "night&lt;1&gt;.csv" in board.text
    assert "Refused: no header" in board.text


async def test_goes_on_telling_what_postgres_knows_while_kafka_is_away(house: House) -> None:
    async with house.pages(kafka="127.0.0.1:1") as pages, house.browsing(pages) as client:
        board = await client.get("/")

    assert board.status_code == 200
    assert "Kafka does not answer" in board.text
    assert "Sync success" in board.text
