"""The contiguity guard: a batch continues exactly where the ledger stands, or is not a batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.adapters.kafka import Feed, Record
from hub.ledger.claim import WorldChangedError


@dataclass(frozen=True, slots=True)
class Run:
    """Records that continue the ledger; `holes` counts, by the record that follows, offsets without an event."""

    records: Sequence[Record]
    holes: dict[int, int]
    sought: bool = False


@dataclass(slots=True)
class Guard:
    """Tells a gap that our own reading made from one that is really in the log.

    The first time, the reading is at fault: aiokafka rebalances in the background, so seek back. The
    same gap again, after our own seek, is a stranger's transaction marker or aborted record.
    """

    _hole: tuple[int, int] | None = None

    async def contiguous(
        self, feed: Feed, part: int, expected: int, records: Sequence[Record]
    ) -> Run:
        """The records that may be decided now.

        Raises:
            WorldChangedError: retention removed what was never decided.

        """
        holes: dict[int, int] = {}
        for n, record in enumerate(records):
            if record.offset == expected:
                expected += 1
                continue
            if record.offset < expected:
                return self._seek(feed, part, expected, records[:n], holes)
            if self._hole != (expected, record.offset):
                self._hole = (expected, record.offset)
                return self._seek(feed, part, expected, records[:n], holes)
            await self._check_kept(feed, part, expected)
            holes[record.offset] = record.offset - expected
            self._hole = None
            expected = record.offset + 1
        return Run(records, holes)

    async def end_hole(self, feed: Feed, part: int, expected: int, position: int) -> int:
        """How many offsets at the end of what may be read hold no event: markers, aborted records.

        Nothing follows them that could show the gap, but the reader's position has passed them. An
        open transaction is never passed.
        """
        if position <= expected:
            return 0
        if self._hole != (expected, position):
            self._hole = (expected, position)
            feed.seek(part, expected)
            return 0
        await self._check_kept(feed, part, expected)
        self._hole = None
        return position - expected

    def _seek(
        self, feed: Feed, part: int, to: int, records: Sequence[Record], holes: dict[int, int]
    ) -> Run:
        feed.seek(part, to)
        return Run(records, holes, sought=True)

    async def _check_kept(self, feed: Feed, part: int, offset: int) -> None:
        first, _ = await feed.bounds(part)
        if first > offset:
            message = (
                f"{feed.topic}[{part}] now starts at {first}, but {offset} was not decided yet: retention removed it; "
                f"`hub skip {feed.topic} {part} --to {first} --reason …` goes on without it"
            )
            raise WorldChangedError(message)
