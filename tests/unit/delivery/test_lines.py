"""Lines are lent to one at a time, and none that was hung up is lent again."""

import httpx
import pytest

from hub.delivery.lines import Lines


async def test_a_line_that_came_back_is_lent_again() -> None:
    lines = Lines()
    async with lines.lent(httpx.AsyncClient) as first, lines.lent(httpx.AsyncClient) as second:
        assert first is not second
    async with lines.lent(httpx.AsyncClient) as again:
        assert again in (first, second)
    await lines.hang_up()

    assert first.is_closed
    assert second.is_closed


async def test_one_that_failed_is_thrown_away() -> None:
    lines = Lines()
    with pytest.raises(LookupError):
        async with lines.lent(httpx.AsyncClient) as failed:
            raise LookupError

    async with lines.lent(httpx.AsyncClient) as other:
        assert failed.is_closed
        assert other is not failed
    await lines.hang_up()


async def test_whoever_comes_after_they_were_hung_up_gets_an_open_one_and_leaves_none() -> None:
    lines = Lines()
    async with lines.lent(httpx.AsyncClient) as kept:
        pass
    async with lines.lent(httpx.AsyncClient) as out:
        await lines.hang_up()
        async with lines.lent(httpx.AsyncClient) as late:
            assert not late.is_closed

    assert kept is out
    assert out.is_closed
    assert late.is_closed
