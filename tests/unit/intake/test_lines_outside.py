"""As many lines are opened as are needed at once, however many may be."""

import asyncio
from contextlib import aclosing

from hub.intake.lines import Lines


async def test_opens_no_more_lines_than_are_needed_at_once() -> None:
    async with aclosing(Lines(1.0)) as lines:
        async with lines.taken("vendor", 4) as first:
            pass
        async with lines.taken("vendor", 4) as again, lines.taken("vendor", 4) as beside:
            assert again is first
            assert beside is not first
        assert len(lines._clients) == 2  # noqa: SLF001 - what it costs is seen nowhere else


async def test_nobody_gets_more_than_there_may_be() -> None:
    got: list[int] = []

    async def ask(lines: Lines, number: int) -> None:
        async with lines.taken("vendor", 2):
            got.append(number)
            await asyncio.sleep(0)
            assert len(got) <= 2
            got.remove(number)

    async with aclosing(Lines(1.0)) as lines:
        await asyncio.gather(*(ask(lines, number) for number in range(8)))
