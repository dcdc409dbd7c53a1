"""A dropped file that is not left alone while it is read: a clear answer, and nothing made up."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.intake.files.reading import WINDOW
from tests.intake.conftest import Installation
from tests.intake.dropping import HEAD, DropBox, Turnstile, rows

pytestmark = pytest.mark.servers

COUNT = 4 * WINDOW


@pytest.fixture
async def box(hub: Installation, tmp_path: Path) -> DropBox:
    box = DropBox(tmp_path / "drop", hub)
    await box.add_source()
    return box


def grown(path: Path) -> None:
    """Whoever wrote it goes on writing."""
    with path.open("a") as file:
        file.write(rows(*range(COUNT, COUNT + 10)))


def truncated(path: Path) -> None:
    """Whoever wrote it begins again, or lost its end."""
    os.truncate(path, path.stat().st_size // 2 + 3)


def overwritten(path: Path) -> None:
    """The same inode and the same size, other content."""
    with path.open("r+") as file:
        file.seek(len(HEAD) + 3)
        file.write("9")


def replaced(path: Path) -> None:
    """Another file under the same name."""
    other = path.with_name(".other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


def renamed(path: Path) -> None:
    """Somebody moves it out of the way."""
    path.rename(path.parents[2] / "elsewhere")


def deleted(path: Path) -> None:
    """Somebody takes it away."""
    path.unlink()


@pytest.mark.parametrize("change", [truncated, overwritten, replaced])
async def test_a_change_while_it_is_read_is_seen_before_anything_of_it_is_sent(
    box: DropBox, change: Callable[[Path], None]
) -> None:
    gate = Turnstile(passes=1)
    box.drop("export.csv", HEAD + rows(*range(COUNT)))
    async with box.watched(gate=gate):
        # One window has left, the second waits at the gate, and the third may have been read.
        await asyncio.wait_for(gate.reached.wait(), 20)
        change(next((box.folder / ".working").glob("*/export.csv")))
        gate.open()
        summary = await box.ended("export.csv", "refused")

    assert summary["reason"] == (
        "was still being written; drop it again when it is complete; "
        "rows already accepted are recognised"
    )
    words = box.words("export.csv", "refused")
    assert 0 < len(words) < COUNT
    assert list(words) == list(range(2, len(words) + 2))
    assert set(words.values()) == {"accepted"}
    assert await box.units() == len(words) == summary["rows"]
    assert box.names("refused") == {
        "export.csv",
        "export.csv.result.csv",
        "export.csv.result.json",
    }


async def test_rows_appended_after_the_last_was_read_are_never_lost_silently(box: DropBox) -> None:
    gate = Turnstile()
    box.drop("export.csv", HEAD + rows(1, 2, 3))
    async with box.watched(gate=gate):
        # The whole file is read, and its only window waits at the gate.
        await asyncio.wait_for(gate.reached.wait(), 20)
        await asyncio.sleep(0.2)
        grown(next((box.folder / ".working").glob("*/export.csv")))
        gate.open()
        summary = await box.ended("export.csv", "refused")

    assert summary["reason"].startswith("was still being written; drop it again")
    assert box.words("export.csv", "refused") == dict.fromkeys((2, 3, 4), "accepted")


async def test_what_was_refused_in_the_middle_is_recognised_when_it_is_whole(
    box: DropBox,
) -> None:
    gate = Turnstile(passes=1)
    box.drop("export.csv", HEAD + rows(*range(COUNT)))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
        grown(next((box.folder / ".working").glob("*/export.csv")))
        gate.open()
        await box.ended("export.csv", "refused")
        box.drop("export.csv", HEAD + rows(*range(COUNT)))
        await box.ended("export.csv")

    before = len(box.words("export.csv", "refused"))
    words = list(box.words("export.csv").values())
    assert words == ["duplicate"] * before + ["accepted"] * (COUNT - before)
    assert await box.units() == COUNT


@pytest.mark.parametrize("change", [renamed, deleted])
async def test_a_file_that_is_taken_away_is_refused_with_what_was_answered(
    box: DropBox, change: Callable[[Path], None]
) -> None:
    gate = Turnstile(passes=1)
    box.drop("export.csv", HEAD + rows(*range(COUNT)))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
        change(next((box.folder / ".working").glob("*/export.csv")))
        gate.open()
        summary = await box.ended("export.csv", "refused")

    assert summary["reason"].startswith("was deleted before it was read to its end")
    assert box.names("refused") == {"export.csv.result.csv", "export.csv.result.json"}
    assert await box.units() == len(box.words("export.csv", "refused")) > 0


async def test_a_file_may_be_renamed_replaced_and_deleted_until_it_is_taken(box: DropBox) -> None:
    gate = Turnstile()
    box.drop("first.csv", HEAD + rows(1))
    async with box.watched(gate=gate):
        # Files of a source are worked one after the other, so these stay where they are.
        await asyncio.wait_for(gate.reached.wait(), 20)
        box.drop("deleted.csv", HEAD + rows(2)).unlink()
        box.drop("wrong.csv", HEAD + rows(3)).rename(box.folder / "right.csv")
        box.drop("replaced.csv", HEAD + rows(4))
        await asyncio.sleep(0.5)
        assert box.names() == {"done", "refused", "right.csv", "replaced.csv"}
        box.drop("replaced.csv", HEAD + rows(5, 6))
        gate.open()
        await box.ended("right.csv")
        await box.ended("replaced.csv")

    assert box.words("right.csv") == {2: "accepted"}
    assert len(box.words("replaced.csv")) == 2
    assert await box.units() == 4


async def test_a_taken_file_that_is_changed_while_nobody_works_is_refused(box: DropBox) -> None:
    gate = Turnstile(passes=1)
    box.drop("export.csv", HEAD + rows(*range(COUNT)))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
        while not (await box.progress())[0]["rows"]:  # noqa: ASYNC110 - a table says nothing by itself
            await asyncio.sleep(0.05)
    grown(next((box.folder / ".working").glob("*/export.csv")))
    async with box.watched():
        summary = await box.ended("export.csv", "refused")

    assert summary["reason"].startswith("was still being written")
    assert await box.units() == len(box.words("export.csv", "refused")) == WINDOW


async def test_a_taken_file_of_which_nothing_is_left_is_said_to_be_deleted(box: DropBox) -> None:
    gate = Turnstile()
    box.drop("export.csv", HEAD + rows(1))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
    (place,) = (box.folder / ".working").iterdir()
    (place / "export.csv").unlink()
    for left in place.iterdir():
        left.unlink()
    place.rmdir()
    async with box.watched():
        while (await box.progress())[0]["state"] == "working":  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)

    (progress,) = await box.progress()
    assert (progress["state"], progress["reason"][:11]) == ("refused", "was deleted")


async def test_a_lost_result_is_written_again_from_the_first_line(box: DropBox) -> None:
    gate = Turnstile(passes=1)
    box.drop("export.csv", HEAD + rows(*range(COUNT)))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
        while not (await box.progress())[0]["rows"]:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)
    for result in (box.folder / ".working").glob("*/.result.*"):
        result.unlink()
    async with box.watched():
        await box.ended("export.csv")

    words = box.words("export.csv")
    assert list(words) == list(range(2, COUNT + 2))
    assert list(words.values())[:WINDOW] == ["duplicate"] * WINDOW
    assert await box.units() == COUNT
