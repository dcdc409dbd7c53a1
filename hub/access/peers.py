"""From where somebody tries: the address behind proxies of ours, as tries are counted by it."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

ONE_LINK = 64
"""Bits of an IPv6 address that name a link; whoever has a link has all addresses on it."""


def peer(direct: str, forwarded: Sequence[str], hops: int) -> str:
    """Who tries, told by the outermost of so many proxies; `forwarded` are the headers as they came.

    A proxy may add a header of its own after what the caller made up, so all of them are read as one.
    """
    heard = [one.strip() for one in ",".join(forwarded).split(",")] if forwarded else []
    said = heard[-hops] if hops and len(heard) >= hops else ""
    return _counted(said) if said else _counted(direct)


def _counted(said: str) -> str:
    """The address without its port; of IPv6 the link."""
    host = said
    if said.startswith("["):
        host = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        host = said.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return said
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, ONE_LINK), strict=False))
