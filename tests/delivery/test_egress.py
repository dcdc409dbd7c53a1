"""No URL, resolver or answer makes the hub connect to what is not public, asserted at the socket."""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from hub.delivery import http
from hub.delivery.destinations import Parcel, Receiver
from hub.delivery.egress import Egress, Rules
from hub.delivery.egress.addresses import is_public
from hub.delivery.http import MAX_ANSWER, HttpDestination
from hub.delivery.secrets import Secret
from tests.delivery.conftest import LOOPBACK
from tests.delivery.receiver import Got, answer, listening

PUBLIC = "8.8.8.8"

LITERALS = (
    *("127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1"),  # noqa: S104 - not to bind to
    *("017700000001", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "127.0.0.1.", "10.0.0.1", "10.255.255.255"),
    *(
        "172.16.0.1",
        "172.31.255.254",
        "192.168.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "2852039166",
    ),
    *("0xa9fea9fe", "0251.0376.0251.0376", "169.254.170.2", "100.64.0.1", "100.100.100.200"),
    *("168.63.129.16", "192.0.0.192", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]"),
    *("[::ffff:10.0.0.1]", "[::127.0.0.1]", "[::a9fe:a9fe]", "[64:ff9b::7f00:1]"),
    *(
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::]",
    ),
    *("[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]"),
    *("[::ffff:0:127.0.0.1]", "[64:ff9b:2::7f00:1]", "[4000::1]"),
    *("[2001::1]", "[100::1]", "[5f00::1]", "[3fff::1]", "localhost", "LOCALHOST.", "localhost6"),
)
SHAPES = (
    *("https://user@8.8.8.8/", "https://user:pass@8.8.8.8/", "https://8.8.8.8@127.0.0.1/"),
    *("https://127.0.0.1#@8.8.8.8/", "https://8.8.8.8\\@127.0.0.1/", "file:///etc/passwd"),
    *("gopher://127.0.0.1/", "ftp://127.0.0.1/", "https:///x", "https://", "//127.0.0.1/"),
    *("https://8.8.8.8:0/", "https://8.8.8.8:99999/", "https://[::1%25lo]/", "https://[::1/"),
    *(
        "https://127.0.0.1\t.example/",
        "https://127.0.0.1\r\nHost: x/",
        "https://\uff11\uff12\uff17.0.0.1/",
    ),
    *("https://①②⑦.0.0.1/", "https://%31%32%37.0.0.1/", "https://ⓛocalhost/", "unix:///var/run/x"),
)
NAMES: dict[str, list[str]] = {
    "private.example": ["10.0.0.7"],
    "metadata.example": ["169.254.169.254"],
    "half.example": [PUBLIC, "127.0.0.1"],
    "mapped.example": ["::ffff:10.0.0.7"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "scoped.example": ["fe80::1%lo"],
    "nothing.example": [],
}
HOSTILE = (
    *(f"{scheme}://{one}/latest/meta-data" for scheme in ("https", "http") for one in LITERALS),
    *SHAPES,
    *(f"https://{name}/" for name in NAMES),
)

connected: list[str] | None = None


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and connected is not None and isinstance(args[1], tuple):
        connected.append(str(args[1][0]))


sys.addaudithook(_watch)


@contextmanager
def watching() -> Iterator[list[str]]:
    """Every address that any socket of this process is told to connect to."""
    global connected  # noqa: PLW0603 - an audit hook can never be taken away again
    connected = []
    try:
        yield connected
    finally:
        connected = None


async def named(host: str, port: int) -> list[str]:
    """The machine's resolver, but for names of these tests."""
    from hub.delivery.egress import resolve  # noqa: PLC0415 - stands in for it

    return NAMES[host] if host in NAMES else await resolve(host, port)


def receiver(url: str, timeout: float = 2.0) -> Receiver:
    return Receiver("ep", "acme", 1, "http", url, "full", 1, timeout, (Secret.new(),))


PARCEL = Parcel(1, 1, "evt_1", '{"id":"evt_1"}', None)


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize("url", HOSTILE)
async def test_no_hostile_url_leads_to_what_is_not_public(url: str) -> None:
    destination = HttpDestination(Egress(Rules(), named))
    with watching() as addresses:
        found = await destination.send(receiver(url), PARCEL)
    await destination.aclose()

    assert [one for one in addresses if not is_public(ip_address(one))] == []
    assert addresses == []
    assert found.status is None
    assert found.outcome in {"bad_url", "not_public", "no_address"}
    assert found.explained


async def test_the_socket_is_watched_indeed() -> None:
    async with listening() as there:
        destination = HttpDestination(Egress(LOOPBACK))
        with watching() as addresses:
            found = await destination.send(receiver(there.url), PARCEL)
        await destination.aclose()

    assert (found.status, addresses) == (200, ["127.0.0.1"])


async def test_a_name_that_changes_its_mind_is_asked_again_for_each_connection() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    async def hanging_up(_got: Got, _number: int) -> bytes:
        return answer(connection="close")

    async with listening(hanging_up) as there:
        destination = HttpDestination(Egress(LOOPBACK, rebinding))
        url = f"http://rebinding.example:{there.port}/"
        with watching() as addresses:
            found = [await destination.send(receiver(url), PARCEL) for _ in range(3)]
        await destination.aclose()

    assert [one.outcome for one in found] == ["answered", "not_public", "not_public"]
    assert addresses == ["127.0.0.1"]
    assert there.got[0].headers["host"] == f"rebinding.example:{there.port}"


async def test_it_connects_to_the_address_that_was_checked_and_asks_only_once() -> None:
    asked = []

    async def counting(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with listening() as there:
        destination = HttpDestination(Egress(LOOPBACK, counting))
        await destination.send(receiver(f"http://shop.example:{there.port}/"), PARCEL)
        await destination.aclose()

    assert asked == ["shop.example"]


async def test_a_resolver_that_does_not_answer_keeps_no_other_host_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def slow(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        time.sleep(0.6 if host.startswith("dead") else 0)
        return [(0, 0, 0, "", (PUBLIC, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    ask = Egress(Rules()).resolve
    dead = [asyncio.ensure_future(ask(f"dead{n % 20}.example", 443)) for n in range(200)]
    await asyncio.sleep(0.05)
    dead[0].cancel()
    began = time.monotonic()
    found = await ask("shop.example", 443)
    took = time.monotonic() - began
    ended = await asyncio.gather(*dead, return_exceptions=True)

    assert (found, took < 0.3) == ([PUBLIC], True)
    assert ended[1:] == [[PUBLIC]] * 199
    assert len(asked) == 21


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://169.254.169.254/latest", "not_public"),
        ("https://0x7f.1/", "not_public"),
        ("https://[::ffff:10.0.0.1]/", "not_public"),
        ("http://shop.example/", "plain_http"),
    ],
)
async def test_a_proxy_is_not_asked_for_what_a_url_itself_forbids(url: str, why: str) -> None:
    destination = HttpDestination(Egress(Rules(), named, "http://127.0.0.1:9"))
    with watching() as addresses:
        refused = await destination.send(receiver(url), PARCEL)
        passed = await destination.send(replace(receiver("https://shop.example/"), id="2"), PARCEL)
    await destination.aclose()

    assert refused.outcome == why
    assert (passed.outcome, set(addresses)) == ("connect_failed", {"127.0.0.1"})


async def test_lines_to_whom_nothing_is_sent_any_more_are_hung_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "UNUSED_SECONDS", 0.1)
    async with listening() as quiet, listening() as busy:
        destination = HttpDestination(Egress(LOOPBACK))
        await destination.send(replace(receiver(quiet.url), id="ep_quiet"), PARCEL)
        kept = quiet.open
        for _ in range(20):
            await asyncio.sleep(0.02)
            await destination.send(replace(receiver(busy.url), id="ep_busy"), PARCEL)
        left = (quiet.open, busy.open)
        await destination.aclose()

    assert kept == 1
    assert left == (0, 1)
    assert busy.connections == 1


async def test_a_redirect_is_not_followed() -> None:
    async def moving(_got: Got, _number: int) -> bytes:
        return answer(307, location="http://169.254.169.254/latest/meta-data")

    async with listening(moving) as there:
        destination = HttpDestination(Egress(LOOPBACK))
        with watching() as addresses:
            found = await destination.send(receiver(there.url), PARCEL)
        await destination.aclose()

    assert addresses == ["127.0.0.1"]
    assert (found.status, "redirects are not followed" in found.explained) == (307, True)


async def test_plain_http_goes_to_listed_networks_alone() -> None:
    destination = HttpDestination(Egress(Rules(), named))
    with watching() as addresses:
        found = await destination.send(receiver(f"http://{PUBLIC}/"), PARCEL)
    await destination.aclose()

    assert (found.outcome, addresses) == ("plain_http", [])


async def _raw(first: bytes, rest: bytes, times: int) -> Any:
    """A server that writes without end, and how much of it was taken."""
    taken = [0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            for _ in range(times):
                writer.write(rest)
                await writer.drain()
                taken[0] += len(rest)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0), taken


@pytest.mark.parametrize(
    ("first", "rest", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", b"x" * 65536, "answered"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", b"\x1f\x8b" * 32768, "answered"),
        (b"HTTP/1.1 200 OK\r\n", b"x-bomb: " + b"y" * 4000 + b"\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1000, "bad_answer"),
        (b"not HTTP at all\r\n\r\n", b"x" * 1000, "bad_answer"),
    ],
    ids=["gigabyte", "packed", "header-bomb", "many-headers", "no-http"],
)
async def test_an_answer_without_end_is_contained(first: bytes, rest: bytes, outcome: str) -> None:
    server, taken = await _raw(first, rest, 16_000)
    destination = HttpDestination(Egress(LOOPBACK))
    port = server.sockets[0].getsockname()[1]
    found = await destination.send(receiver(f"http://127.0.0.1:{port}/", 10), PARCEL)
    await destination.aclose()
    server.close()

    assert found.outcome == outcome
    assert len(found.beginning.encode(errors="replace")) <= MAX_ANSWER * 3
    assert taken[0] < 16 * 1024 * 1024


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"])
async def test_one_that_never_answers_is_left_in_time(first: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    destination = HttpDestination(Egress(LOOPBACK))
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    began = asyncio.get_running_loop().time()
    found = await destination.send(receiver(url, 0.4), PARCEL)
    await destination.aclose()
    server.close()

    assert (found.status, found.outcome) == (None, "timeout")
    assert asyncio.get_running_loop().time() - began < 1.5


async def test_tls_that_fails_is_told() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"this is no TLS\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    destination = HttpDestination(Egress(LOOPBACK))
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    found = await destination.send(receiver(url), PARCEL)
    await destination.aclose()
    server.close()

    assert found.outcome == "connect_failed"
    assert "TLS" in found.explained


async def test_success_that_speaks_of_an_error_is_told() -> None:
    async def lying(_got: Got, _number: int) -> bytes:
        return answer(200, b'{"error":{"code":"E42"}}')

    async with listening(lying) as there:
        destination = HttpDestination(Egress(LOOPBACK))
        found = await destination.send(receiver(there.url), PARCEL)
        await destination.aclose()

    assert found.status == 200
    assert "speaks of an error" in found.explained
    assert "E42" in found.beginning


async def test_connections_are_kept() -> None:
    async with listening() as there:
        destination = HttpDestination(Egress(LOOPBACK))
        for _ in range(5):
            await destination.send(receiver(there.url), PARCEL)
        await destination.aclose()

    assert there.connections == 1
