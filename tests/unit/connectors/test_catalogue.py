"""Exports of a catalogue: what each row says, and what is wrong with it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.catalogue import CONNECTOR
from connectors.sdk import FileRecord, Origin, SettingsError, Translated, UntranslatableError
from connectors.sdk.conformance import Samples
from schemas.events.product import CategoryDescribed, ProductDescribed, StockMoved

PRODUCTS = (
    "code;name;brand;category;described_at;months;cover_type;extended_months;transferable;"
    "supplier_code;supplier_months;supplier_claim_days;documents\n"
    "D-1;Hammer drill;Acme;tools;31.01.2026 10:15;24;repair;60;yes;S-1;12;30;"
    '"Manual|https://acme.example/d.pdf;https://acme.example/p.pdf"\n'
    "0007;Saw;;;31.01.2026;;;;;;;;\n"
)
SAMPLES = Samples(
    settings={"kind": "products", "zone": "Europe/Istanbul"},
    wrong_settings=(
        {},
        {"kind": "gifts", "zone": "UTC"},
        {"kind": "products"},
        {"kind": "products", "zone": "Mars/North"},
        {"kind": "products", "zone": "UTC", "columns": {"reference": "x"}},
    ),
    files=(
        PRODUCTS.encode(),
        b'{"code": "D-1", "name": "Drill", "described_at": "2026-01-31T10:15:00Z", "months": 24}\n',
    ),
)
ORIGIN = Origin("acme", "erp")
MOVED = (
    '{"reference": "m1", "product": "D-1", "branch": "n", "quantity": 2, '
    '"moved_at": "2026-01-31T10:00:00Z", "serials": "?"}\n'
)


def read(tmp_path: Path, text: str, **options: Any) -> list[FileRecord]:
    path = tmp_path / "export"
    path.write_text(text, encoding="utf-8")
    assert CONNECTOR.file
    return list(CONNECTOR.file.records(path, settings(**options)))


def settings(**options: Any) -> Any:
    return CONNECTOR.configure({"kind": "products", "zone": "Europe/Istanbul"} | options)


def mean(record: FileRecord, **options: Any) -> Translated:
    assert CONNECTOR.file
    (one,) = CONNECTOR.file.translate(record, settings(**options), ORIGIN)
    return one


def fault(tmp_path: Path, text: str, **options: Any) -> str:
    (record, *_) = read(tmp_path, text, **options)
    with pytest.raises(UntranslatableError) as error:
        mean(record, **options)
    return error.value.faults[0].code


def test_a_row_is_all_of_a_product(tmp_path: Path) -> None:
    drill, saw = [mean(record) for record in read(tmp_path, PRODUCTS)]

    fact = drill.fact
    assert isinstance(fact, ProductDescribed)
    assert fact.described_at == drill.time == datetime(2026, 1, 31, 7, 15, tzinfo=UTC)
    assert fact.terms is not None
    assert (fact.terms.standard.months, fact.terms.transferable) == (24, True)
    assert fact.terms.extended is not None
    assert (fact.terms.extended.months, fact.terms.extended.type) == (60, "repair")
    assert fact.supplier is not None
    assert (fact.supplier.code, fact.supplier.claim_within_days) == ("S-1", 30)
    assert [(one.title, one.url[-5:]) for one in fact.documents] == [
        ("Manual", "d.pdf"),
        ("documents", "p.pdf"),
    ]
    assert isinstance(saw.fact, ProductDescribed)
    assert (saw.fact.code, saw.fact.terms, saw.fact.supplier) == ("0007", None, None)


def test_columns_may_have_any_name(tmp_path: Path) -> None:
    columns = {"code": "Article", "name": ["Text"], "described_at": "Changed"}
    (record,) = read(tmp_path, "Article;Text;Changed\nA;B;2026-01-31\n", columns=columns)
    fact = mean(record, columns=columns).fact

    assert isinstance(fact, ProductDescribed)
    assert (fact.code, fact.name) == ("A", "B")
    with pytest.raises(SettingsError, match="Changed"):
        read(tmp_path, "Article;Text\nA;B\n", columns=columns)


def test_a_row_is_all_of_a_category(tmp_path: Path) -> None:
    text = "code;described_at;months;cover_type\ntools;2026-01-31;6;full_replacement\n"
    (record,) = read(tmp_path, text, kind="categories")
    fact = mean(record, kind="categories").fact

    assert isinstance(fact, CategoryDescribed)
    assert fact.terms is not None
    assert fact.terms.standard.type == "full_replacement"


def test_a_row_is_a_movement(tmp_path: Path) -> None:
    text = "reference;product;branch;quantity;moved_at;serials\nm1;D-1;north;-2;2026-01-31;01;\n"
    lines = MOVED.replace('"?"', '["01"]')
    (row,) = read(tmp_path, text.replace(";01;", ';"01;02"'), kind="stock")
    (line,) = read(tmp_path, lines, kind="stock")
    first, second = (mean(record, kind="stock").fact for record in (row, line))

    assert isinstance(first, StockMoved)
    assert isinstance(second, StockMoved)
    assert (first.quantity, first.serials) == (-2, ("01", "02"))
    assert (second.quantity, second.serials) == (2, ("01",))


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"code": ""}, "code_missing"),
        ({"described_at": ""}, "described_at_missing"),
        ({"described_at": "soon"}, "date_unknown_form"),
        ({"months": "two"}, "number_invalid"),
        ({"months": "0"}, "field_invalid"),
        ({"extended_months": "60"}, "months_missing"),
        ({"months": "6", "cover_type": "gift"}, "field_invalid"),
        ({"months": "6", "transferable": "perhaps"}, "flag_unknown"),
        ({"supplier_months": "6"}, "supplier_code_missing"),
        ({"documents": "javascript:1"}, "field_invalid"),
        ({"name": "x" * 201}, "field_invalid"),
    ],
)
def test_what_is_wrong_has_a_code(tmp_path: Path, cells: dict[str, str], code: str) -> None:
    row = {"code": "A", "name": "B", "described_at": "2026-01-31"} | cells
    text = ";".join(row) + "\n" + ";".join(row.values()) + "\n"

    assert fault(tmp_path, text) == code


def test_a_serial_that_a_spreadsheet_turned_into_a_number_is_refused(tmp_path: Path) -> None:
    found = [
        fault(tmp_path, MOVED.replace('"?"', serials), kind="stock")
        for serials in ("12", "[12]", '"1E+10"')
    ]

    assert found == ["serial_not_text", "serial_not_text", "serial_damaged"]


def test_the_same_row_is_the_same_event_and_another_time_is_another(tmp_path: Path) -> None:
    text = "code;name;described_at\nA;B;2026-01-31\nA;B;2026-02-01\nA;B;2026-01-31\n"
    first, later, again = (mean(record).id for record in read(tmp_path, text))

    assert first == again
    assert first != later
