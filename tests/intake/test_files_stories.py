"""Dropped files on a whole hub: each line is answered beside the file, whatever is dropped."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from hub.audit import landings
from hub.intake.files.reading import WINDOW
from hub.intake.files.status import in_words, latest
from hub.ledger import entries
from hub.trail.rows import Blob, landing_rows, read_landed
from tests.intake.conftest import Installation
from tests.intake.dropping import HEAD, DropBox, row, rows

pytestmark = pytest.mark.servers

OURS = {"done", "refused"}


@pytest.fixture
async def box(hub: Installation, tmp_path: Path) -> DropBox:
    box = DropBox(tmp_path / "drop", hub)
    await box.add_source()
    return box


async def test_a_dropped_file_ends_in_done_with_the_answer_of_each_line_beside_it(
    box: DropBox,
) -> None:
    box.drop("monday.csv", HEAD + rows(1, 2) + row(3, "S000003", "abc") + row(4, "S000001"))
    async with box.watched():
        summary = await box.ended("monday.csv")

    assert box.names() == OURS
    assert box.names("done") == {"monday.csv", "monday.csv.result.csv", "monday.csv.result.json"}
    assert box.words("monday.csv") == {2: "accepted", 3: "accepted", 4: "unreadable", 5: "rejected"}
    first, _, bad, double = box.result("monday.csv")
    assert first["warranties"].startswith("wty_")
    assert first["detail"] == "covered 2026-01-31 … 2028-01-31"
    assert bad["code"] == "number_invalid"
    assert double["code"] == "double_entry"
    told = {name: summary[name] for name in ("state", "rows", "accepted", "rejected", "unreadable")}
    assert told == {"state": "done", "rows": 4, "accepted": 2, "rejected": 1, "unreadable": 1}
    assert await box.units() == 2
    (progress,) = await box.progress()
    assert (progress["state"], progress["rows"], progress["records"]) == ("done", 4, 4)
    assert progress["digest"] == summary["sha256"]
    counted = box.metrics.registry.get_sample_value
    assert counted("hub_file_rows_total", {"status": "accepted"}) == 2
    assert counted("hub_files_ended_total", {"state": "done"}) == 1


async def test_the_same_content_under_any_name_is_answered_as_duplicates(box: DropBox) -> None:
    text = HEAD + rows(1, 2, 3)
    async with box.watched():
        box.drop("monday.csv", text)
        await box.ended("monday.csv")
        box.drop("again.csv", text)
        await box.ended("again.csv")
        box.drop("monday.csv", text)
        await box.ended("monday-2.csv")

    assert set(box.words("monday.csv").values()) == {"accepted"}
    for name in ("again.csv", "monday-2.csv"):
        assert box.words(name) == {2: "duplicate", 3: "duplicate", 4: "duplicate"}
    warranties = [[one["warranties"] for one in box.result(n)] for n in ("monday.csv", "again.csv")]
    assert warranties[0] == warranties[1]
    assert await box.units() == 3


async def test_leaves_nothing_behind_but_what_the_audit_needs(box: DropBox) -> None:
    buyer = "customer_email;order;sold_at;product_code\n"
    sold = "".join(f"ada@example.org;R-{n};{n}1.01.2026;TV\n" for n in (1, 2, 4))
    box.drop("monday.csv", buyer + sold)
    async with box.watched():
        summary = await box.ended("monday.csv")

    database = box.hub.database
    assert await database.fetchval("select count(*) from request") == 0
    (blob,) = await database.fetch("select * from landing")
    assert blob["topic"] == f"file:acme/till-7/{summary['sha256'][:12]}"
    assert (blob["part"], blob["from_offset"], blob["to_offset"]) == (0, 0, 3)
    lines = list(landings.decode(blob["body"]))
    assert [line.outcome for line in lines] == ["translated", "translated", "unreadable"]
    assert [line.offset for line in lines] == [0, 1, 2]
    assert all("ada" not in bytes(line.payload).decode() for line in lines)
    told = {
        entry.event: entry
        for one in await database.fetch("select body from ledger")
        for entry in entries.decode(one["body"])
    }
    for line, result in zip(lines[:2], box.result("monday.csv")[:2], strict=True):
        entry = told[result["event"]]
        assert line.raw == line.correlation == entry.raw == entry.correlationid == entry.event
        assert bytes(entry.body) == bytes(entries.NO_BODY)


async def test_a_line_is_translated_before_it_is_decided(box: DropBox) -> None:
    box.drop("monday.csv", HEAD + rows(1))
    async with box.watched():
        await box.ended("monday.csv")

    database = box.hub.database
    blob = Blob(*await database.fetchrow("select n, topic, part, epoch, at, body from landing"))
    (shown,) = landing_rows(blob)
    decided = await database.fetchval("select min(at) from ledger")
    assert shown.at <= read_landed(shown.doc).translated_at < decided


async def test_a_file_of_many_windows_is_answered_in_its_order(box: DropBox) -> None:
    count = 5 * WINDOW + 7
    box.drop("export.csv", HEAD + rows(*range(count)))
    async with box.watched():
        await box.ended("export.csv")

    assert [int(one["line"]) for one in box.result("export.csv")] == list(range(2, count + 2))
    assert set(box.words("export.csv").values()) == {"accepted"}
    assert await box.units() == count
    sql = "select from_offset, to_offset from landing order by n"
    spans = [tuple(one) for one in await box.hub.database.fetch(sql)]
    assert spans == [(n, min(n + WINDOW, count)) for n in range(0, count, WINDOW)]


async def test_json_lines_are_read_like_a_table(box: DropBox) -> None:
    sale = {"order": "J-1", "sold_at": "2026-01-31T10:15:00+03:00", "serials": ["0012"]}
    lines = [json.dumps(sale), "{broken", json.dumps(sale | {"order": "J-2", "serials": ["0013"]})]
    box.drop("monday.jsonl", "\n".join(lines))
    async with box.watched():
        await box.ended("monday.jsonl")

    assert box.words("monday.jsonl") == {1: "accepted", 2: "unreadable", 3: "accepted"}


async def test_is_taken_only_when_nobody_writes_it_any_more(box: DropBox) -> None:
    async with box.watched():
        box.folder.mkdir(parents=True, exist_ok=True)
        with (box.folder / "slow.csv").open("w") as file:
            for text in (HEAD, rows(1), rows(2), rows(3)):
                file.write(text)
                file.flush()
                await asyncio.sleep(0.07)
        for name in (".hidden.csv", "a.part", "b.TMP", "c.csv.filepart"):
            box.drop(name, HEAD + rows(9))
        await box.ended("slow.csv")
        await asyncio.sleep(0.5)

    assert box.words("slow.csv") == {2: "accepted", 3: "accepted", 4: "accepted"}
    assert box.names() == OURS | {".hidden.csv", "a.part", "b.TMP", "c.csv.filepart"}


async def test_files_are_worked_in_the_order_in_which_they_were_written(box: DropBox) -> None:
    for number, name in enumerate(["z.csv", "a.csv", "m.csv"]):
        path = box.drop(name, HEAD + row(number, "S1"))
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    async with box.watched():
        await box.ended("m.csv")

    assert [box.words(name)[2] for name in ("z.csv", "a.csv", "m.csv")] == [
        "accepted",
        "rejected",
        "rejected",
    ]


async def test_a_source_added_later_gets_its_folder(box: DropBox) -> None:
    async with box.watched() as watch:
        await box.add_source("branch-2")
        watch._refreshed = 0.0  # noqa: SLF001 - ten seconds are long in a test
        async with asyncio.timeout(15):
            while not (box.root / "acme" / "branch-2" / "done").exists():  # noqa: ASYNC110 - see `ended`
                await asyncio.sleep(0.05)


async def test_says_how_far_files_are(box: DropBox) -> None:
    box.drop("monday.csv", HEAD + rows(1, 2))
    box.drop("bad.csv", "a;b\n1;2\n")
    async with box.watched():
        await box.ended("monday.csv")
        await box.ended("bad.csv", "refused")
    found = await latest(box.hub.database, "acme", 10)
    lines = list(in_words(found))

    assert {one["file"]: (one["state"], one["percent"]) for one in found} == {
        "monday.csv": ("done", 100.0),
        "bad.csv": ("refused", 0.0),
    }
    assert any("monday.csv  2 rows" in line for line in lines)
    assert any("no column" in line for line in lines)
    assert await latest(box.hub.database, "nobody", 10) == []
