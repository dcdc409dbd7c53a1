"""Names, stillness and the drop folder: what the file system may do, and what comes of it."""

import os
import time
from pathlib import Path

import pytest

from hub.intake.files.folder import OPEN, Folder, Stamp, Taking, Working, content_of, kind_of
from hub.intake.files.names import MAX_NAME, free_name, readable
from hub.intake.files.stillness import EMPTY, Stillness


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "acme" / "till")
    folder.prepare()
    return folder


def drop(folder: Folder, name: str, text: str = "a;b\n") -> Path:
    path = folder.inbox / name
    path.write_text(text)
    return path


def taken(working: Working, path: Path) -> Taking:
    taking = working.take(path)
    assert taking is not None
    return taking


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sat\u0131ş 31.csv", "Sat\u0131ş 31.csv"),
        ("two\nlines", "two_lines"),
        ("right\u202eleft", "right_left"),
        (os.fsdecode(b"\xff.csv"), "\ufffd.csv"),
    ],
)
def test_a_name_is_shown_without_what_cannot_be_printed(name: str, shown: str) -> None:
    assert readable(name) == shown


def test_a_name_is_numbered_until_it_and_its_results_are_free() -> None:
    taken = {"a.csv", "a-2.csv.result.json"}

    assert free_name("a.csv", taken.__contains__) == "a-3.csv"
    assert free_name("b", taken.__contains__) == "b"


def test_a_long_name_leaves_room_for_that_of_its_result() -> None:
    kept = free_name("ş" * 125 + ".csv", lambda _: False)

    assert kept.endswith("ş.csv")
    assert len(f"{kept}.result.json".encode()) <= MAX_NAME
    assert free_name("x" * 255, lambda _: False) == "x" * (255 - len(".result.json"))


def test_what_stands_still_is_settled_the_one_written_first_coming_first(folder: Folder) -> None:
    stillness = Stillness(0.05)
    second, first = drop(folder, "a.csv"), drop(folder, "b.csv")
    os.utime(first, (1, 1))

    assert stillness.settled(folder.drops()) == []
    time.sleep(0.06)
    assert stillness.settled(folder.drops()) == [first, second]
    second.write_text("more")
    assert stillness.settled(folder.drops()) == [first]


def test_what_is_empty_gets_more_patience(folder: Folder) -> None:
    stillness = Stillness(0.01)
    path = drop(folder, "a.csv", "")
    stillness.settled(folder.drops())
    time.sleep(0.02)
    assert stillness.settled(folder.drops()) == []
    time.sleep(0.01 * EMPTY)
    assert stillness.settled(folder.drops()) == [path]


def test_what_could_not_be_taken_is_left_alone_until_it_changes(folder: Folder) -> None:
    stillness = Stillness(0)
    path = drop(folder, "a.csv")
    assert stillness.settled(folder.drops()) == [path]
    stillness.stuck(path)
    assert stillness.settled(folder.drops()) == []
    path.write_text("something else")
    assert stillness.settled(folder.drops()) == [path]


def test_takes_a_file_out_of_everybodys_way_and_ends_it_where_people_look(folder: Folder) -> None:
    with folder.working() as working:
        taking = taken(working, drop(folder, "a.csv"))
        assert list(folder.drops()) == []
        assert working.takings() == [taking]
        taking.result(3).write_text("old")
        taking.result(12).write_text("new")

        for _ in range(2):  # A crash in between: the same is begun again.
            folder.end(taking, "done", "a.csv", b"{}")
            taking.place.mkdir(exist_ok=True)

    done = folder.inbox / "done"
    assert {path.name for path in done.iterdir()} == {
        "a.csv",
        "a.csv.result.csv",
        "a.csv.result.json",
    }
    assert (done / "a.csv.result.csv").read_text() == "new"


def test_taking_what_is_gone_leaves_nothing_behind(folder: Folder) -> None:
    with folder.working() as working:
        assert working.take(folder.inbox / "none.csv") is None
        assert working.takings() == []


def test_a_link_in_the_place_of_a_folder_of_ours_is_not_followed(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "acme" / "till")
    folder.inbox.mkdir(parents=True)
    (folder.inbox / "done").symlink_to(tmp_path)

    with pytest.raises(NotADirectoryError, match="follows no links"):
        folder.prepare()


@pytest.mark.skipif(not OPEN.is_dir(), reason="needs the folders that a process holds open")
def test_a_link_that_takes_the_place_of_a_folder_later_leads_nowhere(
    folder: Folder, tmp_path: Path
) -> None:
    other = Folder(tmp_path / "other" / "till")
    other.prepare()
    with folder.working() as working:
        taking = taken(working, drop(folder, "a.csv"))
        for name in (".working", "done"):
            (folder.inbox / name).rename(folder.inbox / f"{name}2")
            (folder.inbox / name).symlink_to(other.inbox)
        taking.result(1).write_text("rows")
        with pytest.raises(NotADirectoryError, match="follows no links"):
            folder.end(taking, "done", "a.csv", b"{}")

        (folder.inbox / "done").unlink()
        (folder.inbox / "done2").rename(folder.inbox / "done")
        folder.end(taking, "done", "a.csv", b"{}")

    assert {path.name for path in other.inbox.rglob("*")} == {".working", "done", "refused"}
    assert (folder.inbox / "done" / "a.csv.result.csv").read_text() == "rows"


def test_a_working_folder_that_others_may_enter_is_not_used(folder: Folder) -> None:
    (folder.inbox / ".working").chmod(0o777)

    with pytest.raises(PermissionError, match="remove it"):
        folder.prepare()


def test_a_summary_is_written_through_no_link(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    for name in (".half", "a.csv.result.json"):
        (folder.inbox / "done" / name).symlink_to(outside)
    with folder.working() as working:
        folder.end(taken(working, drop(folder, "a.csv")), "done", "a.csv", b"{}")

    assert outside.read_text() == "precious"
    assert (folder.inbox / "done" / "a.csv.result.json").read_bytes() == b"{}"


def test_content_is_digested_with_its_lines_and_never_through_a_link(folder: Folder) -> None:
    path = drop(folder, "a.csv", "a\nb\nc")
    link = folder.inbox / "link"
    link.symlink_to(path)

    assert content_of(path).lines == 3
    assert content_of(drop(folder, "b.csv", "a\nb\n")).lines == 2
    assert kind_of(link) == "link"
    assert Stamp.of(link) != Stamp.of(path)
    assert Stamp.of(folder.inbox / "none") is None
    with pytest.raises(OSError, match="symbolic link"):
        content_of(link)
