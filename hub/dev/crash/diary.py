"""What was sent and what Kafka said to it, kept for the checker and for the watch."""

from dataclasses import dataclass, field
from typing import Any, Literal

from hub.dev.checker.sent import Sent
from hub.dev.crash.stories import Event
from hub.dev.crash.watch import Watch

Answer = Literal["acknowledged", "aborted", "unknown"]


@dataclass(slots=True)
class Page:
    """One event with every copy that was sent."""

    event: Event
    state: Answer = "unknown"
    places: list[tuple[int, int]] = field(default_factory=list)
    placed: bool = True


@dataclass(slots=True)
class Diary:
    """All pages, by event id."""

    watch: Watch
    partitions: int
    pages: dict[str, Page] = field(default_factory=dict)
    copies: int = 0
    duplicates: int = 0
    aborted: int = 0

    def landed(self, event: Event, metadata: Any) -> None:
        """Kafka acknowledged a copy; its effect is promised."""
        self.copies += 1
        page = self._page(event, metadata.partition)
        page.state = "acknowledged"
        page.places.append((metadata.partition, metadata.offset))
        self.watch.acknowledged(metadata.partition, metadata.offset, metadata.timestamp)

    def promised(self, event: Event) -> None:
        """A door said yes; where it ends on the intake topic is not for its caller to know."""
        self.copies += 1
        page = self.pages.setdefault(event.id, Page(event))
        page.state, page.placed = "acknowledged", False

    def failed(self, event: Event) -> None:
        """A send ended without an answer."""
        self._page(event, event.partition(self.partitions))

    def undone(self, event: Event) -> None:
        """Its transaction was aborted: it never was."""
        self.aborted += 1
        self._page(event, event.partition(self.partitions)).state = "aborted"

    def _page(self, event: Event, partition: int) -> Page:
        page = self.pages.setdefault(event.id, Page(event))
        first = not page.places
        if not event.has_place or (first and partition != event.partition(self.partitions)):
            page.placed = False
        return page

    def sent(self) -> list[Sent]:
        """The log for the checker."""
        return [
            Sent(
                page.event.id,
                page.event.kind,
                page.event.group,
                page.state,
                tuple(page.places),
                page.placed,
                page.event.covers,
                page.event.ends,
                page.event.tells,
            )
            for page in self.pages.values()
        ]
