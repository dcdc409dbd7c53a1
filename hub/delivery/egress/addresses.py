"""Which addresses may be connected to, and what a URL must look like. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from socket import AI_NUMERICHOST, SOCK_STREAM, getaddrinfo
from typing import Self
from urllib.parse import SplitResult, urlsplit

from hub.domain.errors import HubError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL, MAX_HOST = 2_000, 253

REFUSED: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            # What `ipaddress` counts as global or knows nothing of, beside what it refuses itself.
            "0.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "192.0.0.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "168.63.129.16/32",  # a cloud's own wire server, at a public address
            "2001::/23",  # Teredo, ORCHID and their like
            "2002::/16",  # 6to4
            "3fff::/20",
        ),
    )
)


ALLOCATED = ip_network("2000::/3")
"""All of IPv6 that anybody on the internet has: beside it are NAT64 and whatever else stands for an IPv4 address."""


class ForbiddenError(HubError):
    """Nobody of ours connects there; the message says why."""

    def __init__(self, code: str, message: str) -> None:
        """Remember the reason in one word."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads, before anybody has asked what address that is."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The target of a URL.

        Raises:
            ForbiddenError: it is not a plain `https://host/path`.

        """
        if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise _bad("write it in printable ASCII, without blanks, 2,000 characters at most")
        if "\\" in url:
            raise _bad("a backslash means something else to every reader")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _bad(str(error)) from error
        _check(parts)
        host = parts.hostname or ""
        return cls(parts.scheme, host.rstrip("."), port or (443 if parts.scheme == "https" else 80))


def _check(parts: SplitResult) -> None:
    if parts.scheme not in {"http", "https"}:
        raise _bad(f"its scheme is {parts.scheme[:20]!r}; use https")
    if "@" in parts.netloc:
        raise _bad("it carries a user or a password; messages are signed instead")
    host = (parts.hostname or "").rstrip(".")
    if not host or len(host) > MAX_HOST or "%" in host:
        raise _bad("it names no host")
    if parts.port == 0:
        raise _bad("there is no port 0")
    if parts.fragment:
        raise _bad("a fragment is never sent; leave it out")


def _bad(why: str) -> ForbiddenError:
    return ForbiddenError("bad_url", f"this URL cannot be used: {why}")


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be connected to: public addresses, and the networks that an operator lists."""

    private: tuple[Network, ...] = ()
    plain_http: bool = False
    """Whether `http` may be used to public addresses, too."""

    @classmethod
    def read(cls, networks: str, *, plain_http: bool = False) -> Self:
        """Rules from a setting such as `10.1.0.0/16,fd00::/8`.

        Raises:
            ValueError: one of them is no network.

        """
        listed = (one.strip() for one in networks.split(","))
        return cls(tuple(ip_network(one) for one in listed if one), plain_http)

    def check(self, scheme: str, addresses: Sequence[Address]) -> None:
        """Raise ForbiddenError unless every address may be connected to."""
        if not addresses:
            raise ForbiddenError("no_address", "its host has no address")
        for address in addresses:
            if self.lists(address):
                continue
            if not is_public(address):
                message = f"its host leads to {address}, which is not public"
                raise ForbiddenError("not_public", message)
            if scheme == "http" and not self.plain_http:
                raise ForbiddenError("plain_http", "it is not encrypted; use https")

    def check_unresolved(self, target: Target) -> None:
        """Raise ForbiddenError for what can be told without asking for an address: somebody else will ask."""
        literal = _literal(target)
        if literal:
            self.check(target.scheme, literal)
        elif target.scheme == "http" and not self.plain_http:
            raise ForbiddenError("plain_http", "it is not encrypted; use https")

    def lists(self, address: Address) -> bool:
        """Whether an operator allows this address whatever it is."""
        return _within(_inner(address), self.private)


def is_public(address: Address) -> bool:
    """Whether an address is anybody's on the internet, and so are those it stands for."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in ALLOCATED:
            return False
    return address.is_global and not address.is_multicast and not _within(address, REFUSED)


def _literal(target: Target) -> list[Address]:
    """The address that stands in a URL itself, in whichever of its forms; none where it names a host."""
    try:
        found = getaddrinfo(target.host, target.port, type=SOCK_STREAM, flags=AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(one[4][0])) for one in found]


def _inner(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def read_address(text: str) -> Address:
    """An address as a resolver gives it."""
    return ip_address(text)
