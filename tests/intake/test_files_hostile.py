"""Hostile files on a whole hub: whatever is dropped costs only itself, and is answered."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk import File, FileRecord, MeaninglessError, Origin, unquoted
from hub.registry import connector
from tests.intake.conftest import Installation
from tests.intake.dropping import HEAD, DropBox, Turnstile, row, rows

pytestmark = pytest.mark.servers


@pytest.fixture
async def box(hub: Installation, tmp_path: Path) -> DropBox:
    box = DropBox(tmp_path / "drop", hub)
    await box.add_source()
    return box


async def test_no_cell_of_a_result_is_a_formula(box: DropBox) -> None:
    bad = "=HYPERLINK(0);31.01.2026 10:15;TV;S1;1\n=cmd|' /C calc'!A0;nonsense;TV;S2;1\n"
    box.drop("evil.csv", HEAD + bad + "@SUM(1);31.01.2026 10:15;TV;=1+1;x\n")
    async with box.watched():
        await box.ended("evil.csv")

    text = (box.folder / "done" / "evil.csv.result.csv").read_text("utf-8-sig")
    for one in box.result("evil.csv"):
        for cell in one.values():
            assert cell.lstrip()[:1] not in set("=+-@"), cell
    assert len(text.splitlines()) == 4


HOSTILE: dict[str, tuple[str | bytes, dict[int, str], int]] = {
    "broken-row": (HEAD + rows(1) + "only;three;cells\n" + rows(2), {3: "unreadable"}, 3),
    "wrong-encoding": (
        (HEAD + row("\u0130\u011f", "S9") + rows(1)).encode("cp1254"),
        {},
        2,
    ),
    "half-utf8": ((HEAD + rows(1)).encode() + b"R-\xff\xfe;31.01.2026 10:15;TV;S7;1\n", {}, 2),
    "endless-line": (HEAD + rows(1) + "x" * 3_000_000 + "\n" + rows(2), {3: "unreadable"}, 3),
    "million-columns": (HEAD + rows(1) + ";" * 1_000_000 + "a\n" + rows(2), {3: "unreadable"}, 3),
    "nul": (HEAD + rows(1) + row("\0", "S8\0") + rows(2), {3: "unreadable"}, 3),
    "open-quote": (HEAD + rows(1) + 'R-5;"31.01.2026;TV;S5;1\n' + rows(2), {3: "unreadable"}, 3),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_cannot_be_read_costs_only_itself(box: DropBox, name: str) -> None:
    content, bad, count = HOSTILE[name]
    box.drop(name + ".csv", content)
    async with box.watched():
        summary = await box.ended(name + ".csv")

    words = box.words(name + ".csv")
    assert words[2] == "accepted"
    assert {line: word for line, word in words.items() if word == "unreadable"} == bad
    assert summary["rows"] == len(words) == count


async def test_a_line_nested_too_deeply_costs_only_itself(box: DropBox) -> None:
    sale = '{"order": "J-1", "sold_at": "2026-01-31T10:15:00+03:00", "serials": ["0012"]'
    # From some depth on it can still be read, and no longer be written.
    deep = [sale + f', "x": {"[" * depth}{"]" * depth}}}' for depth in range(900, 1_000)]
    box.drop("monday.jsonl", "\n".join([*deep, sale + "}"]))
    async with box.watched():
        await box.ended("monday.jsonl")

    assert box.words("monday.jsonl") == dict.fromkeys(range(1, 101), "unreadable") | {
        101: "accepted"
    }
    assert {one["code"] for one in box.result("monday.jsonl")[:-1]} == {"too_deep"}


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "no column": ("a;b\n1;2\n", "no column 'order', 'sold_at'"),
    "one array": ("[1, 2]", "one JSON array"),
    "one endless line": ("order;sold_at;" + "x" * 3_000_000, "the header"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, ""),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_export_is_refused_with_what_to_change(box: DropBox, name: str) -> None:
    content, said = REFUSED[name]
    box.drop(name, content)
    async with box.watched():
        summary = await box.ended(name, "refused")

    assert said in summary["reason"]
    assert str(box.root) not in summary["reason"]
    assert box.names("refused") == {name, f"{name}.result.json"}
    # What the file says itself stands in its own folder alone.
    assert (await box.progress())[0]["reason"] == unquoted(summary["reason"])


async def test_what_is_no_file_is_answered_and_never_followed(box: DropBox, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(HEAD + rows(1))
    box.folder.mkdir(parents=True)
    (box.folder / "link.csv").symlink_to(outside)
    (box.folder / "nowhere.csv").symlink_to(tmp_path / "none")
    (box.folder / "pictures").mkdir()
    (box.folder / "pictures" / "inside.csv").write_text(HEAD + rows(2))
    os.mkfifo(box.folder / "pipe.csv")
    async with box.watched():
        said = {
            name: (await box.ended(name, "refused"))["reason"]
            for name in ("link.csv", "nowhere.csv", "pictures", "pipe.csv")
        }

    assert {name: reason.split(",")[0] for name, reason in said.items()} == {
        "link.csv": "is a link",
        "nowhere.csv": "is a link",
        "pictures": "is a folder",
        "pipe.csv": "is a device or pipe",
    }
    assert outside.exists()
    assert await box.units() == 0
    assert len(await box.progress()) == 4


async def test_a_link_put_in_the_place_of_done_meanwhile_leads_into_no_other_inbox(
    box: DropBox,
) -> None:
    other = box.root / "other" / "till"
    other.mkdir(parents=True)
    gate, done = Turnstile(), box.folder / "done"
    box.drop("monday.csv", HEAD + rows(1))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
        done.rename(box.folder / "done2")
        done.symlink_to(other)
        gate.open()
        await until(lambda: box.hub.database.fetchval("select true from unit"))
        await asyncio.sleep(1)
        assert list(other.iterdir()) == []
        done.unlink()
        summary = await box.ended("monday.csv")

    assert summary["accepted"] == 1
    assert list(other.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_what_may_not_be_read_is_refused(box: DropBox) -> None:
    box.drop("secret.csv", HEAD + rows(1)).chmod(0)
    async with box.watched():
        summary = await box.ended("secret.csv", "refused")

    assert "may not be read by the hub" in summary["reason"]


@pytest.mark.parametrize("dropped", [b"two\nlines.csv", b"\xff\xfe.csv", b"x" * 251 + b".csv"])
async def test_a_strange_name_is_cleaned(box: DropBox, dropped: bytes) -> None:
    box.drop(os.fsdecode(dropped), HEAD + rows(1))
    async with box.watched():
        async with asyncio.timeout(20):
            while not any((box.folder / "done").glob("*.result.json")):  # noqa: ASYNC110 - see `ended`
                await asyncio.sleep(0.05)

    names = box.names("done")
    (kept,) = (name for name in names if not name.endswith((".result.csv", ".result.json")))
    assert names == {kept, kept + ".result.csv", kept + ".result.json"}
    assert kept.isprintable()
    assert kept.endswith(".csv")
    assert box.words(kept) == {2: "accepted"}


async def test_an_empty_file_is_waited_for_and_then_refused(box: DropBox) -> None:
    async with box.watched():
        box.drop("empty.csv", "")
        await asyncio.sleep(0.5)
        assert "empty.csv" in box.names()
        summary = await box.ended("empty.csv", "refused")

    assert "is empty" in summary["reason"]


async def test_a_connector_that_fails_costs_a_record_or_the_file_and_never_the_process(
    box: DropBox,
) -> None:
    ours = connector("pos")
    assert ours.file is not None
    translate = ours.file.translate

    def moody(record: FileRecord, settings: Any, origin: Origin) -> Any:
        if record.ref == "R-2":
            raise KeyError("a fault")
        if record.ref == "R-3":
            raise MeaninglessError("an offer is no sale")
        return iter(()) if record.ref == "R-4" else translate(record, settings, origin)

    def gives_up(path: Path, settings: Any) -> Any:
        raise ZeroDivisionError("a fault")

    file = File(ours.file.records, moody)
    box.connectors["moody"] = replace(ours, name="moody", file=file)
    box.connectors["gone"] = replace(ours, name="gone", file=replace(file, records=gives_up))
    await box.add_source(spoken="moody")
    box.drop("monday.csv", HEAD + rows(1, 2, 3, 4, 5))
    async with box.watched():
        await box.ended("monday.csv")
    assert list(box.words("monday.csv").values()) == [
        "accepted",
        "unreadable",
        "ignored",
        "ignored",
        "accepted",
    ]

    await box.add_source(spoken="gone")
    box.drop("tuesday.csv", HEAD + rows(1))
    async with box.watched():
        summary = await box.ended("tuesday.csv", "refused")
    assert "the reader of gone failed" in summary["reason"]


async def test_an_unexpected_error_at_one_desk_is_counted_and_holds_up_no_other(
    box: DropBox,
) -> None:
    ours = connector("pos")
    assert ours.file is not None

    def endless(path: Path, settings: Any) -> Any:
        body: dict[str, Any] = {}
        body["rows"] = body
        yield FileRecord("1", body, 1)

    def nothing(record: FileRecord, settings: Any, origin: Origin) -> Any:
        raise MeaninglessError("a snake that eats its tail")

    box.connectors["snake"] = replace(ours, name="snake", file=File(endless, nothing))
    await box.add_source(spoken="snake")
    await box.add_source("till-8")
    other = DropBox(box.root, box.hub, source="till-8")
    box.drop("monday.csv", HEAD + rows(1))
    async with box.watched():
        await until(lambda: box.counted("hub_file_failures_total", connector="snake"))
        other.drop("monday.csv", HEAD + rows(1))
        summary = await other.ended("monday.csv")

    assert summary["accepted"] == 1
    assert len(list((box.folder / ".working").iterdir())) == 1


async def test_what_postgres_gave_up_to_end_a_deadlock_is_done_again(box: DropBox) -> None:
    gate = Turnstile()
    box.drop("monday.csv", HEAD + rows(1))
    async with box.watched(gate=gate):
        await asyncio.wait_for(gate.reached.wait(), 20)
        async with box.hub.database.transaction() as other:
            await other.execute("select from file_progress for update")
            gate.open()
            await until(lambda: box.hub.database.fetchval(WAITING))
            await other.execute("update lease set held_since = held_since")
        summary = await box.ended("monday.csv")

    assert summary["accepted"] == 1
    assert box.counted("hub_infrastructure_errors_total", kind="DecideAgainError") == 1


WAITING = """
select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
"""


async def until(told: Callable[[], Any]) -> None:
    """Ask again and again until something is told."""
    async with asyncio.timeout(20):
        while True:
            found = told()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(0.02)
