"""The names that units are found by. A name that points to a home itself is one of no unit."""

from collections.abc import Sequence

from msgspec.structs import replace

from hub.domain.serials import KIND, WAITING, name_prefix, name_value
from hub.processors.purchase.units import Thing
from hub.sdk.events import AskName, NameHolder
from schemas.refs import home

TAKEN = "registration"
"""The kind of name under which the unit is found that took a registration."""


def ask_serial(tenant: str, norm: str) -> AskName:
    """Who holds that serial, whatever the product."""
    return AskName(tenant, KIND, name_prefix(norm), prefix=True)


def ask_registration(
    tenant: str, connector: str, reference: str, norm: str, product: str = ""
) -> AskName:
    """Which unit took that very registration of a serial."""
    # Looked up whole, so it must not contain the separator up to which names are looked up.
    return AskName(tenant, TAKEN, home(tenant, TAKEN, connector, reference, norm, product))


def of_units(holders: Sequence[NameHolder]) -> list[NameHolder]:
    """Those that name a unit."""
    return [holder for holder in holders if holder.id != holder.home]


def holder_of(thing: Thing, holders: Sequence[NameHolder]) -> NameHolder | None:
    """The unit that has, or had last, exactly this serial of this product."""
    value = name_value(thing.norm, thing.key)
    return next((h for h in holders if h.value == value and h.id != h.home), None)


def resold(thing: Thing, holders: Sequence[NameHolder]) -> Thing:
    """The same thing, knowing which unit had its serial before and came back."""
    holder = holder_of(thing, holders)
    return replace(thing, follows=holder.id) if holder and holder.released else thing


def waiting_home(norm: str, holders: Sequence[NameHolder]) -> str | None:
    """The home where a registration waits for whatever product has this serial."""
    value = name_value(norm, WAITING)
    return next((h.home for h in holders if h.value == value and not h.released), None)
