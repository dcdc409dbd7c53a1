"""An export of a till becomes sales and returns."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.pos import CONNECTOR
from connectors.pos.export import gather, records, translate
from connectors.pos.settings import FIELDS
from connectors.sdk import (
    Fault,
    FileRecord,
    Origin,
    SettingsError,
    Translated,
    UntranslatableError,
)
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.refs import order_home

ORIGIN = Origin("acme", "till-7")
EXAMPLES = Path(__file__).parents[3] / "deploy" / "examples"
Told = list[Translated | Fault]


class Export:
    """Writes a file and tells what it means."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, text: str, **settings: Any) -> Told:
        self._path.write_text(text, encoding="utf-8")
        document = {"zone": "Europe/Istanbul", "currency": "TRY", "decimal": ","} | settings
        return told(self._path, document)


def told(path: Path, document: Mapping[str, Any], origin: Origin = ORIGIN) -> Told:
    settings = CONNECTOR.configure(document)
    found: Told = []
    for record in records(path, settings):
        try:
            found += translate(record, settings, origin)
        except UntranslatableError as error:
            found += error.faults
    return found


def sale(told: Translated | Fault) -> SaleRecorded:
    assert isinstance(told, Translated), told
    assert isinstance(told.fact, SaleRecorded)
    return told.fact


def returned(told: Translated | Fault) -> SaleReturned:
    assert isinstance(told, Translated), told
    assert isinstance(told.fact, SaleReturned)
    return told.fact


def codes(told: Told) -> list[tuple[int | None, str]]:
    assert all(isinstance(one, Fault) for one in told), told
    return [(one.line, one.code) for one in told if isinstance(one, Fault)]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path / "export.csv")


HEAD = "order;sold_at;product_code;serials;quantity;price\n"


def test_tells_a_sale_with_all_a_row_says(export: Export) -> None:
    (one,) = export(
        "order;sold_at;line;product_code;product_brand;product_name;quantity;serials;price;months;"
        "covered_until;branch;till;seller;customer_name;customer_email\n"
        "R-1;31.01.2026 10:15;7;TV;Acme;TV 55;2;0001/0002;1.299,90;24;31.01.2028;B1;T2;S3;"
        "A Person;person@example.org\n",
        serial_separator="/",
        namespace="shop",
    )

    fact = sale(one)
    assert fact.model_dump(exclude_none=True) == {
        "order": {"namespace": "shop", "reference": "R-1"},
        "sold_at": datetime(2026, 1, 31, 7, 15, tzinfo=UTC),
        "zone": "Europe/Istanbul",
        "lines": (
            {
                "line": "7",
                "product": {"code": "TV", "brand": "Acme", "name": "TV 55"},
                "quantity": 2,
                "serials": ("0001", "0002"),
                "coverage_months": 24,
                "covered_until": date(2028, 1, 31),
                "price": {"amount": 129990, "currency": "TRY"},
            },
        ),
        "branch": "B1",
        "till": "T2",
        "seller": "S3",
        "customer": {"name": "A Person", "email": "person@example.org"},
    }
    assert isinstance(one, Translated)
    assert one.home == order_home("acme", "shop", "R-1")
    assert one.time == fact.sold_at
    assert one.lines == (("7", 2),)


def test_makes_one_sale_of_rows_that_follow_each_other(export: Export) -> None:
    first, second = export(
        HEAD
        + "R-1;31.01.2026 10:15;TV;1;;\nR-1;31.01.2026 10:16;SB;2;;\nR-2;31.01.2026 10:17;TV;3;;\n"
    )

    assert [line.product.code for line in sale(first).lines] == ["TV", "SB"]
    assert isinstance(first, Translated)
    assert first.lines == (("1", 2), ("2", 3))
    assert sale(second).order.reference == "R-2"


def test_gives_the_same_receipt_the_same_id_wherever_it_stands(export: Export) -> None:
    row = "R-1;31.01.2026 10:15;TV;1;;\n"
    first, other, again = export(HEAD + row + "R-2;31.01.2026 10:17;TV;3;;\n" + row)

    assert isinstance(first, Translated)
    assert isinstance(other, Translated)
    assert isinstance(again, Translated)
    assert first.id == again.id != other.id


def test_gives_another_tenant_source_or_content_another_id(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    ids = set[str]()
    for origin, serial in (
        (ORIGIN, "1"),
        (ORIGIN, "2"),
        (Origin("other", "till-7"), "1"),
        (Origin("acme", "till-8"), "1"),
    ):
        path.write_text(f"{HEAD}R-1;31.01.2026 10:15;TV;{serial};;\n", encoding="utf-8")
        (one,) = told(path, {"zone": "UTC"}, origin)
        assert isinstance(one, Translated)
        ids.add(one.id)

    assert len(ids) == 4


def test_takes_a_row_that_stands_twice_in_one_sale_once_when_it_names_a_serial(
    export: Export,
) -> None:
    serial, none = "R-1;31.01.2026 10:15;TV;1;;\n", "R-2;31.01.2026 10:15;TV;;;\n"
    first, second = export(HEAD + serial + serial + none + none)

    assert isinstance(first, Translated)
    assert first.repeats == {3: 2}
    assert [len(sale(one).lines) for one in (first, second)] == [1, 2]


def test_tells_a_return_by_its_word_and_the_order_it_names(export: Export) -> None:
    (one,) = export(
        "order;sold_at;type;original_order;product_code;serials\n"
        "I-9;02.02.2026 09:30;\u0130ADE;R-1;TV;1\n"
    )

    fact = returned(one)
    assert (fact.order.reference, fact.reference) == ("R-1", "I-9")
    assert fact.returned_at == datetime(2026, 2, 2, 6, 30, tzinfo=UTC)
    assert fact.lines[0].serials == ("1",)
    assert fact.lines[0].line is None


def test_tells_a_negative_quantity_as_a_return_with_a_reference_of_its_own(export: Export) -> None:
    first, second, again = export(
        HEAD
        + "R-1;02.02.2026 09:30;TV;;-2;-1\n"
        + "R-1;02.02.2026 09:45;TV;;\u22122;\n"
        + "R-1;02.02.2026 09:30;TV;;-2;-1\n"
    )

    assert [returned(one).lines[0].quantity for one in (first, second)] == [2, 2]
    assert returned(first).reference == returned(again).reference
    assert returned(first).reference != returned(second).reference


def test_names_the_line_of_a_return_only_where_the_file_does(export: Export) -> None:
    (one,) = export(
        "order;sold_at;line;product_code;quantity\nR-1;02.02.2026 09:30;3;TV;-1\n",
    )

    assert returned(one).lines[0].line == "3"


def test_joins_columns_and_takes_any_names(export: Export) -> None:
    (one,) = export(
        "Branch,Day,Time,No,SKU\nB1,31.01.2026,10:15,17,TV\n",
        columns={
            "order": ["Branch", "Day", "No"],
            "sold_at": ["Day", "Time"],
            "product_code": "SKU",
        },
    )

    assert sale(one).order.reference == "B1/2026-01-31/17"
    assert sale(one).sold_at == datetime(2026, 1, 31, 7, 15, tzinfo=UTC)


def test_a_reference_that_lacks_one_of_its_columns_is_none(export: Export) -> None:
    told = export(
        "Branch,sold_at,No,First,Last,product_code\nB1,31.01.2026,,A,Person,TV\n"
        "B1,31.01.2026,17,A,Person,TV\n",
        columns={"order": ["Branch", "No"], "customer_name": ["First", "Last"]},
    )

    assert codes(told[:1]) == [(2, "order_missing")]
    customer = sale(told[1]).customer
    assert customer is not None
    assert customer.name == "A Person"


def test_counts_serials_where_no_quantity_is_given(export: Export) -> None:
    (one,) = export(HEAD + "R-1;31.01.2026 10:15;TV;01|02|03;;\n", serial_separator="|")

    assert sale(one).lines[0].quantity == 3


def test_reads_serials_that_a_spreadsheet_wrapped(export: Export) -> None:
    (one,) = export('order,sold_at,serials\nR-1,31.01.2026 10:15,"=""00042"""\n')

    assert sale(one).lines[0].serials == ("00042",)


def test_reads_json_lines_whose_numbers_have_a_point(export: Export) -> None:
    (one,) = export(
        '{"order": 12, "sold_at": "2026-01-31T10:15:00Z", "serials": ["01", "02"], '
        '"price": 1.299, "months": 24, "currency": "KWD"}\n'
    )

    line = sale(one).lines[0]
    assert line.serials == ("01", "02")
    assert line.price is not None
    assert (line.price.amount, line.price.currency) == (1299, "KWD")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("R-1;31.02.2026 10:15;TV;1;1;", "date_invalid"),
        ("R-1;31.01.2026 10:15;TV;1;abc;", "number_invalid"),
        ("R-1;31.01.2026 10:15;TV;1;0;", "quantity_zero"),
        ("R-1;31.01.2026 10:15;TV;;2000000;", "field_invalid"),
        ("R-1;31.01.2026 10:15;TV;1,23E+12;1;", "serial_damaged"),
        ("R-1;31.01.2026 10:15;;;1;", "product_missing"),
        ("R-1;;TV;1;1;", "sold_at_missing"),
        (";31.01.2026 10:15;TV;1;1;", "order_missing"),
        ("R-1;31.01.2026 10:15;TV;1;1", "wrong_cell_count"),
        ("R-1;31.01.2026 10:15;TV;" + "9" * 129 + ";1;", "field_invalid"),
        ("R-1;31.01.2026 10:15;TV;1;1;99999999999999999", "amount_too_large"),
    ],
)
def test_says_what_is_wrong_with_a_row(export: Export, row: str, code: str) -> None:
    assert codes(export(HEAD + row + "\n")) == [(2, code)]


def test_says_that_a_word_is_neither_a_sale_nor_a_return(export: Export) -> None:
    head = "order;sold_at;type;product_code\n"
    told = export(
        head + "R-1;31.01.2026 10:15;payment;TV\nR-1;31.01.2026 10:15;Sat\u0131\u015f;TV\n"
    )

    assert codes(told) == [(2, "type_unknown"), (3, "order_incomplete")]


def test_keeps_a_sale_back_whole_when_one_of_its_rows_is_bad(export: Export) -> None:
    told = export(
        HEAD + "R-1;31.01.2026 10:15;TV;1;1;\nR-1;31.01.2026 10:15;SB;2;x;\nR-1;31.01.2026 10:15\n"
    )

    assert sorted(codes(told)) == [
        (2, "order_incomplete"),
        (3, "number_invalid"),
        (4, "wrong_cell_count"),
    ]


def test_refuses_an_order_whose_rows_are_of_two_days(export: Export) -> None:
    told = export(HEAD + "17;31.01.2026 10:15;TV;1;1;\n17;01.02.2026 10:15;SB;2;1;\n")

    assert sorted(codes(told)) == [(2, "order_incomplete"), (3, "order_spans_days")]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "zone is missing; say it in the map or as --zone"),
        ({"zone": "Mars/Base"}, "unknown time zone"),
        ({"zone": "UTC", "columns": {"colour": "C"}}, "unknown field colour"),
        ({"zone": "UTC", "columns": 3}, "columns"),
        ({"zone": "UTC", "decimals": ","}, "decimals"),
    ],
)
def test_says_what_to_change_in_the_map(document: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        CONNECTOR.configure(document)


def test_tells_nothing_of_a_file_without_rows(export: Export) -> None:
    assert export(HEAD) == []


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.sampled_from(["31.01.2026 10:15", "2026-01-31T10:15Z", "1,5", "-2", "return", "\ud800"]),
    st.text(st.characters(max_codepoint=0x2FF)),
    st.text("0123456789.,-+: /TZ", max_size=20),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from(list(FIELDS)), CELLS), min_size=1, max_size=4))
def test_tells_each_line_or_says_why_not_whatever_stands_in_the_cells(
    bodies: list[dict[str, Any]],
) -> None:
    plan = CONNECTOR.configure({"zone": "Europe/Istanbul", "currency": "TRY"})
    rows = [FileRecord(str(n), {"order": "R-1", **body}, n) for n, body in enumerate(bodies)]
    lines = []
    for record in gather(rows, plan):
        try:
            for event in translate(record, plan, ORIGIN):
                lines += [line for _, line in event.lines] + list(event.repeats)
        except UntranslatableError as error:
            lines += [fault.line for fault in error.faults if fault.line is not None]

    assert sorted(lines) == list(range(len(bodies)))


def test_reads_the_example_with_its_two_bad_lines() -> None:

    document = tomllib.loads((EXAMPLES / "till-export.map.toml").read_text(encoding="utf-8"))
    found = told(EXAMPLES / "till-export.csv", document)

    assert [(one.line, one.code) for one in found if isinstance(one, Fault)] == [
        (7, "date_invalid"),
        (8, "number_invalid"),
    ]
    events = [one for one in found if isinstance(one, Translated)]
    assert len({one.id for one in events}) == len(events) - 1
    assert sum(isinstance(one.fact, SaleReturned) for one in events) == 2
