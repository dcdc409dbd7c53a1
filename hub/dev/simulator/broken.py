"""Events as they should not be: what a tired integration publishes now and then."""

import random
from collections.abc import Callable
from dataclasses import replace

from hub.dev.simulator.said import Telling


def _cut_off(sale: Telling) -> Telling:
    return replace(sale, body=(sale.body or b"")[:60])


def _empty(sale: Telling) -> Telling:
    return replace(sale, body=None)


def _unknown_zone(sale: Telling) -> Telling:
    body = (sale.body or b"").replace(b'"zone":"Europe/', b'"zone":"Atlantis/')
    return replace(sale, body=body)


def _less_than_nothing(sale: Telling) -> Telling:
    return replace(sale, body=(sale.body or b"").replace(b'"quantity":', b'"quantity":-'))


def _unknown_type(sale: Telling) -> Telling:
    return replace(sale, type="sale.imagined.v1")


def _unknown_tenant(sale: Telling) -> Telling:
    return replace(sale, tenant="nobody-we-know")


_WAYS: tuple[Callable[[Telling], Telling], ...] = (
    _cut_off,
    _empty,
    _unknown_zone,
    _less_than_nothing,
    _unknown_type,
    _unknown_tenant,
)


def broken(sale: Telling, chance: random.Random) -> Telling:
    """The sale, spoiled in one of many ways."""
    return chance.choice(_WAYS)(sale)
