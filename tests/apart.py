"""A processor on topics of a test's own, those that its letters go to included."""

from dataclasses import replace
from typing import Any

from hub.sdk.processor import Processor
from schemas.topics import Topic, dead_letters


def apart(ours: Processor[Any], prefix: str) -> Processor[Any]:
    """The same processor under another name, on topics whose names begin so."""
    return replace(
        ours,
        name=prefix + ours.name,
        reads=_renamed(ours.reads, prefix),
        writes=_renamed(ours.writes, prefix),
        letters={kind: _renamed(topic, prefix) for kind, topic in ours.letters.items()},
    )


def topics_of(one: Processor[Any]) -> tuple[Topic, ...]:
    """What it reads and writes."""
    mine = (one.reads, one.writes, dead_letters(one.reads), *one.letters.values())
    return tuple({topic.name: topic for topic in mine}.values())


def _renamed(topic: Topic, prefix: str) -> Topic:
    return replace(topic, name=prefix + topic.name)
