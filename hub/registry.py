"""Finds processors, projections and connectors by entry point, ours like a third party's."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, cast

from connectors.sdk import Connector
from hub.domain.errors import HubError
from hub.sdk.processor import Processor
from hub.sdk.projection import Projection, installed
from schemas.topics import ALL, Topic, raw


class UnknownPluginError(HubError):
    """No installed package offers a plugin of that name."""


def processors() -> dict[str, Processor[Any]]:
    """Every installed processor by its name."""
    return {point.name: point.load() for point in entry_points(group="hub.processors")}


def projections() -> dict[str, Projection]:
    """Every installed projection by its name."""
    return installed()


def connectors() -> dict[str, Connector[Any]]:
    """Every installed connector by its name."""
    return {point.name: point.load() for point in entry_points(group="hub.connectors")}


def topics() -> tuple[Topic, ...]:
    """Every topic of this installation: the contract's, and one for what each connector lands."""
    return (*ALL, *landing())


def intakes() -> dict[str, Topic]:
    """Where a fact of each type goes: to the topic whose processor takes it in."""
    return {fact.TYPE: one.reads for one in processors().values() for fact in one.consumes}


def landing() -> tuple[Topic, ...]:
    """What each connector lands on, whose sources push or are pulled."""
    names = (name for name, one in sorted(connectors().items()) if one.push or one.pull)
    return tuple(map(raw, names))


def processor(name: str) -> Processor[Any]:
    """One processor, or UnknownPluginError."""
    return cast("Processor[Any]", _named("processor", processors(), name))


def projection(name: str) -> Projection:
    """One projection, or UnknownPluginError."""
    return cast("Projection", _named("projection", projections(), name))


def connector(name: str) -> Connector[Any]:
    """One connector, or UnknownPluginError."""
    return cast("Connector[Any]", _named("connector", connectors(), name))


def _named(kind: str, found: Mapping[str, object], name: str) -> object:
    if name not in found:
        message = f"no {kind} {name!r} is installed; there are {', '.join(sorted(found)) or 'none'}"
        raise UnknownPluginError(message)
    return found[name]
