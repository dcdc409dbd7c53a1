"""Asking a shop about an order, so that what somebody says of it can be held against it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import httpx

S = TypeVar("S")

Payment = Literal["paid", "partially_refunded", "refunded", "unpaid"]
"""`unpaid`: not, or not in full, whatever the shop calls that."""


@dataclass(frozen=True, slots=True)
class ShopLine:
    """A line of an order."""

    sku: str
    units: int
    """Neither refunded nor removed."""


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as its shop has it now."""

    emails: tuple[str, ...]
    """Of whoever ordered. Personal: they are compared and never kept."""
    cancelled: bool
    test: bool
    payment: Payment
    lines: tuple[ShopLine, ...]


@dataclass(frozen=True, slots=True)
class Verify(Generic[S]):
    """A shop that can be asked about an order by the name that its customer knows."""

    find: Callable[[httpx.AsyncClient, S, str, str], Awaitable[Sequence[ShopOrder]]]
    """Every order of exactly that name, none where there is none: given a client, settings, the token that
    `hub source token` has taken, and the name. Only reads. Raises SourceUnavailableError for whatever is no
    answer, also where the shop refuses the token; `raise_for_status` is understood as such."""
    address: Callable[[S], str]
    """The URL that is asked."""
    attempts: int = 3
    """In one go."""
    at_once: int = 4
    """Requests at the same moment, from one process."""
