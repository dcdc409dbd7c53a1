"""Finds processors, projections and connectors by entry point: ours through the same door as a third party's."""

from importlib.metadata import entry_points
from typing import Any

from hub.domain.errors import HubError
from hub.sdk.processor import Processor
from hub.sdk.projection import Projection


class UnknownPluginError(HubError):
    """No installed package offers a plugin of that name."""


def processors() -> dict[str, Processor[Any]]:
    """Every installed processor by its name."""
    return {point.name: point.load() for point in entry_points(group="hub.processors")}


def projections() -> dict[str, Projection]:
    """Every installed projection by its name."""
    return {point.name: point.load() for point in entry_points(group="hub.projections")}


def connectors() -> dict[str, Any]:
    """Every installed connector by its name."""
    return {point.name: point.load() for point in entry_points(group="hub.connectors")}


def processor(name: str) -> Processor[Any]:
    """One processor.

    Raises:
        UnknownPluginError: the message lists those there are.

    """
    found = processors()
    if name not in found:
        message = (
            f"no processor {name!r} is installed; there are {', '.join(sorted(found)) or 'none'}"
        )
        raise UnknownPluginError(message)
    return found[name]
