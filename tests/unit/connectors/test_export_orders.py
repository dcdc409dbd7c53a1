"""Which rows of an export are one order, and where an order stops being one."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.pos import CONNECTOR
from connectors.pos.export import MAX_ROWS, MAX_SIZE
from connectors.sdk import Origin, Translated, UntranslatableError
from schemas.events.sale import SaleRecorded

HEAD = "order;sold_at;product_code;serials\n"


def told(path: Path, **more: Any) -> list[Translated | UntranslatableError]:
    """What each record of the file means, or why it means nothing."""
    assert CONNECTOR.file is not None
    plan = CONNECTOR.configure({"zone": "Europe/Istanbul"} | more)
    found: list[Translated | UntranslatableError] = []
    for record in CONNECTOR.file.records(path, plan):
        try:
            found += CONNECTOR.file.translate(record, plan, Origin("acme", "pos"))
        except UntranslatableError as error:
            found.append(error)
    return found


def rows_of(order: str, count: int, cell: str = "TV") -> str:
    return "".join(f"{order};31.01.2026 10:15;{cell};{order}-{n}\n" for n in range(count))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def test_takes_as_many_rows_for_one_order_as_a_purchase_can_hold(path: Path) -> None:
    path.write_text(HEAD + rows_of("R-1", MAX_ROWS) + rows_of("R-2", 1))

    first, second = told(path)

    assert isinstance(first, Translated)
    assert len(first.lines) == MAX_ROWS
    assert isinstance(second, Translated)


def test_refuses_every_row_of_an_order_without_end_and_goes_on(path: Path) -> None:
    count = 2 * MAX_ROWS + 3
    path.write_text(HEAD + rows_of("R-1", count) + rows_of("R-2", 1) + rows_of("R-1", 1))

    *refused, second, again = told(path)

    faults = [f for one in refused if isinstance(one, UntranslatableError) for f in one.faults]
    assert [fault.line for fault in faults] == list(range(2, 2 + count))
    assert {fault.code for fault in faults} == {"order_too_long"}
    assert isinstance(second, Translated)
    assert isinstance(again, Translated)


def test_refuses_an_order_that_memory_cannot_hold(path: Path) -> None:
    wide = "x" * (MAX_SIZE // 10)
    path.write_text(HEAD + rows_of("R-1", 11, wide) + rows_of("R-2", 1))

    first, rest, other = told(path)

    assert isinstance(first, UntranslatableError)
    assert isinstance(rest, UntranslatableError)
    assert len(first.faults) + len(rest.faults) == 11
    assert isinstance(other, Translated)


@pytest.mark.parametrize(
    ("day", "reference"),
    [
        ("31.01.2026", "B1/2026-01-31/17"),
        ("31-1-2026", "B1/2026-01-31/17"),
        ("2026-01-31", "B1/2026-01-31/17"),
        ("31/01/2026", "B1/2026-01-31/17"),
        ("31.31.2026", "B1/31.31.2026/17"),
        ("31.01.26", "B1/31.01.26/17"),
    ],
)
def test_writes_the_day_in_an_order_reference_in_one_way(
    path: Path, day: str, reference: str
) -> None:
    path.write_text(f"Branch;Day;No;sold_at;serials\nB1;{day};17;2026-01-31 10:15;1\n")

    (one,) = told(path, columns={"order": ["Branch", "Day", "No"]}, slash_dates="day_first")

    assert isinstance(one, Translated)
    assert isinstance(one.fact, SaleRecorded)
    assert one.fact.order.reference == reference


@pytest.mark.parametrize("serial", [12345, 1.5, True, ["1", 2]])
def test_takes_no_number_for_a_serial(path: Path, serial: object) -> None:
    row = {"order": "R-1", "sold_at": "2026-01-31 10:15", "serials": serial}
    path.write_text(json.dumps(row))

    (refused,) = told(path)

    assert isinstance(refused, UntranslatableError)
    assert [fault.code for fault in refused.faults] == ["serial_not_text"]
