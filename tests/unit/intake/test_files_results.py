"""The result beside a file, its figures, and what of a file is sent together."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.sdk import Fault, FileRecord, Origin
from hub.audit.landings import decode
from hub.intake.files.flight import parts
from hub.intake.files.folder import Taking
from hub.intake.files.reading import FileRefusedError, Job, Reading, windows
from hub.intake.files.results import COLUMNS, Results, separator_of
from hub.intake.files.status import in_words
from hub.intake.files.tally import Tally
from hub.intake.files.watch import Lanes
from hub.intake.files.wording import LineAnswer
from hub.ledger.submit import Answer
from hub.registry import connector
from hub.sdk.events import Outcome

POS = connector("pos")
HEAD = "order;sold_at;product_code;serials\n"


@pytest.fixture
def taking(tmp_path: Path) -> Taking:
    return Taking(tmp_path)


def job(path: Path, text: str) -> Job:
    path.write_text(HEAD + text)
    settings = POS.configure({"zone": "UTC"})
    origin = Origin("acme", "till")
    at = datetime(2026, 1, 31, tzinfo=UTC)
    return Job(path, POS, settings, origin, "file/till/d", "d" * 64, at, 3)


def row(order: int, serial: str) -> str:
    return f"R-{order};31.01.2026 10:15;TV;{serial}\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", " =1", "\uff1d1", "\t=1"])
def test_no_text_is_a_formula(taking: Taking, text: str) -> None:
    with Results(taking, 1, 0, ";") as results:
        results.append([LineAnswer(2, "unreadable", text, "code")])
    with taking.result(1).open(encoding="utf-8-sig", newline="") as file:
        (found,) = csv.DictReader(file, delimiter=";")

    assert found["detail"].startswith("'")


def test_a_row_is_one_line_whatever_its_texts_hold(taking: Taking) -> None:
    with Results(taking, 1, 0, ",") as results:
        results.append([LineAnswer(2, "rejected", 'a "b"\r\nc,\x00\ud800', "code", ("w1", "w2"))])
    raw = taking.result(1).read_bytes()

    assert raw.startswith(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")
    assert raw.splitlines()[1] == b'2,rejected,code,"a ""b""  c,  ",w1 w2,'
    assert results.size == len(raw)


def test_a_later_claim_continues_what_is_on_record_in_a_file_of_its_own(taking: Taking) -> None:
    with Results(taking, 1, 0, ",") as first:
        first.append([LineAnswer(2, "accepted")])
        recorded = first.size
        first.append([LineAnswer(3, "accepted")])
        with Results(taking, 4, recorded, ",") as second:
            # The first goes on as if nothing had happened.
            first.append([LineAnswer(9, "accepted")])
            second.append([LineAnswer(3, "rejected")])

    lines = taking.result(4).read_text("utf-8-sig").splitlines()
    assert lines == [",".join(COLUMNS), "2,accepted,,,,", "3,rejected,,,,"]


@pytest.mark.parametrize(
    ("text", "separator"), [("a;b;c,d\n1,2,3,4", ";"), ("a,b\n", ","), ('{"a": 1}', ","), ("", ",")]
)
def test_a_result_is_separated_as_its_original_is(
    tmp_path: Path, text: str, separator: str
) -> None:
    path = tmp_path / "a"
    path.write_text(text)

    assert separator_of(path) == separator


def test_a_tally_goes_on_from_its_figures() -> None:
    tally = Tally()
    tally.told(LineAnswer(2, "unreadable"))
    tally.add([Reading(0, FileRecord("1", {}, 3), faults=(Fault("a", "b"),))], [])

    again = Tally.of(tally.figures())

    assert again == tally
    assert (again.lines, again.unreadable) == (2, 2)
    assert Tally.of({}) == Tally()


def test_a_window_is_cut_where_a_serial_comes_again_under_another_order(tmp_path: Path) -> None:
    rows = row(1, "S1") + row(2, "S2") + row(3, "S1") + row(4, "S4")
    made = job(tmp_path / "a.csv", rows)
    found = list(parts(made, windows(made)))

    assert [[r.record.ref for r in part.readings] for part in found] == [
        ["R-1", "R-2"],
        ["R-3", "R-4"],
    ]
    assert [part.end for part in found] == [2, 4]


def test_skips_what_is_answered_and_numbers_the_rest_as_before(tmp_path: Path) -> None:
    made = job(tmp_path / "a.csv", "".join(row(n, f"S{n}") for n in range(5)))

    ((first, second),) = windows(made, skip=3)

    assert [(one.number, one.record.ref) for one in (first, second)] == [(3, "R-3"), (4, "R-4")]


def test_an_event_says_of_which_record_and_revision_it_is(tmp_path: Path) -> None:
    made = job(tmp_path / "a.csv", row(1, "S1") + "R-2;nonsense;TV;S2\n")
    (part,) = parts(made, windows(made))
    (submission,) = part.submissions
    landed, unreadable = decode(part.landings)

    assert dict(submission.extra) == {
        "hub-raw": submission.envelope.id.encode(),
        "hub-revision": b"3",
    }
    assert landed.raw == landed.events[0].id == submission.envelope.id
    assert (landed.outcome, landed.revision, landed.offset) == ("translated", 3, 0)
    assert (unreadable.outcome, unreadable.reason) == ("unreadable", "date_unknown_form")
    assert unreadable.raw.startswith("raw_")


def test_gives_what_was_read_before_it_refuses_the_rest(tmp_path: Path) -> None:
    made = job(tmp_path / "a.csv", row(1, "S1"))
    assert POS.file is not None

    def breaks_off(path: Path, settings: object) -> object:
        assert POS.file is not None
        yield from POS.file.records(path, settings)
        raise RuntimeError("and a name that is somebody's")

    broken = type(POS)(
        "pos",
        1,
        POS.configure,
        file=type(POS.file)(breaks_off, POS.file.translate),  # type: ignore[arg-type]
    )
    made = Job(
        made.path, broken, made.settings, made.origin, made.scope, made.digest, made.received_at, 1
    )
    reading = windows(made)

    assert len(next(reading)) == 1
    with pytest.raises(FileRefusedError, match="reader of pos failed: RuntimeError"):
        next(reading)


def test_what_makes_too_large_an_event_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    serials = [f"{n:0120}" for n in range(9_500)]
    sale = f'{{"order": "R-1", "sold_at": "31.01.2026", "serials": {serials}}}\n'
    made = job(path, "")
    path.write_text(sale.replace("'", '"'))

    ((only,),) = windows(made)

    assert [fault.code for fault in only.faults] in (["too_large"], ["line_too_long"])


def test_lanes_are_divided_between_those_who_work() -> None:
    lanes = Lanes()
    found = []
    for lanes.busy in (0, 1, 2, 9):
        found.append(lanes.each())

    assert found == [4, 4, 2, 1]


def test_an_answer_that_did_not_come_is_counted_as_waiting(tmp_path: Path) -> None:
    made = job(tmp_path / "a.csv", row(1, "S1") + row(2, "S2"))
    (window,) = windows(made)
    tally = Tally()

    lines = tally.add(window, [Answer("r", Outcome.HELD, None), Answer("q", None, None)])

    assert [line.word for line in lines] == ["waiting", "waiting"]
    assert (tally.waiting, tally.outcomes[Outcome.HELD]) == (1, 1)


def test_says_how_long_a_file_will_take() -> None:
    shown = {
        "tenant": "acme",
        "source": "till",
        "file": "a.csv",
        "state": "working",
        "percent": 12.5,
        "rows": 4000,
        "rows_per_second": 1200.0,
        "reason": "",
    }
    said = [next(in_words([shown | {"seconds_left": left}])) for left in (40, 400, 9000)]

    assert [line.rsplit(", ", 1)[-1] for line in said] == ["40 s left", "7 min left", "2.5 h left"]
    assert "12.5 %  a.csv  4,000 rows, 1,200 a second" in said[0]
