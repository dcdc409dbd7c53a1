"""A processor that breaks where a test wants it to, as a fault of ours would."""

from dataclasses import replace
from typing import Any

from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known
from hub.sdk.processor import Processor


def breakable(processor: Processor[Any], broken: set[str]) -> Processor[Any]:
    """The same, but for events of these branches, as long as they stand there."""

    def decide(state: Any, event: Event, known: Known) -> Decision[Any]:
        branch = getattr(event.fact, "branch", None)
        if branch in broken:
            raise LookupError(f"nobody knows the branch {branch!r}")
        return processor.decide(state, event, known)

    return replace(processor, decide=decide)
