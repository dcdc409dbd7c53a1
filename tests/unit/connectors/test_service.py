"""Exports of a service centre: claims at its counter, and what became of what was asked of it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk import FileRecord, Origin, Translated, UntranslatableError
from connectors.sdk.conformance import Samples
from connectors.service import CONNECTOR
from schemas.events.claim import ClaimFiled, EffectReported

CLAIMS = (
    "reference;serial;issue;filed_at;incident_on;preferred;invoice;description;email;name\n"
    "W-17;000123;power.battery;10.02.2026 09:30;08.02.2026;repair;R-1;"
    '"Holds no charge; the lamp blinks.";ada@example.com;Ada\n'
    "W-18;SN-9;broken;10.02.2026 10:00;;;;;;\n"
)
OUTCOMES = (
    "effect;state;at;reference;serial;cost;note\n"
    "eff_q5xi4o4sijxnpjh7_1;Sent back;2026-03-01;T-4;;49,90 EUR;all well\n"
)
SAMPLES = Samples(
    settings={"kind": "claims", "zone": "Europe/Istanbul"},
    wrong_settings=(
        {},
        {"kind": "gifts", "zone": "UTC"},
        {"kind": "claims"},
        {"kind": "claims", "zone": "Mars/North"},
        {"kind": "claims", "zone": "UTC", "columns": {"effect": "x"}},
    ),
    files=(
        CLAIMS.encode(),
        b'{"reference": "1", "issue": "broken", "filed_at": "2026-01-31T10:15:00Z", "serial": "01"}\n',
    ),
)
ORIGIN = Origin("acme", "workshop")


def settings(**options: Any) -> Any:
    return CONNECTOR.configure({"kind": "claims", "zone": "Europe/Istanbul"} | options)


def read(tmp_path: Path, text: str, **options: Any) -> list[FileRecord]:
    path = tmp_path / "export"
    path.write_text(text, encoding="utf-8")
    assert CONNECTOR.file
    return list(CONNECTOR.file.records(path, settings(**options)))


def mean(record: FileRecord, **options: Any) -> Translated:
    assert CONNECTOR.file
    (one,) = CONNECTOR.file.translate(record, settings(**options), ORIGIN)
    return one


def test_a_row_is_a_claim_under_the_centre_s_reference(tmp_path: Path) -> None:
    first, second = [mean(record) for record in read(tmp_path, CLAIMS)]

    fact = first.fact
    assert isinstance(fact, ClaimFiled)
    assert fact.filed_at == first.time == datetime(2026, 2, 10, 6, 30, tzinfo=UTC)
    assert (fact.reference, fact.serial, fact.issue) == ("W-17", "000123", "power.battery")
    assert (fact.incident_on, fact.preferred, fact.invoice) == (date(2026, 2, 8), "repair", "R-1")
    assert fact.customer is not None
    assert (fact.customer.email, fact.words) == (
        "ada@example.com",
        "Holds no charge; the lamp blinks.",
    )
    assert isinstance(second.fact, ClaimFiled)
    assert (second.fact.customer, second.fact.words) == (None, None)


def test_a_row_is_what_became_of_an_effect(tmp_path: Path) -> None:
    (record,) = read(tmp_path, OUTCOMES, kind="outcomes")
    meant = mean(record, kind="outcomes")

    fact = meant.fact
    assert isinstance(fact, EffectReported)
    assert (fact.state, fact.reference, fact.serial) == ("sent_back", "T-4", None)
    assert fact.cost is not None
    assert (fact.cost.amount, fact.cost.currency, meant.home) == (4990, "EUR", "q5xi4o4sijxnpjh7")


def test_more_of_a_claim_is_another_event_and_the_same_row_is_none(tmp_path: Path) -> None:
    head, row, *_ = CLAIMS.splitlines()
    more = row.replace(";R-1;", ";R-2;")
    first, again, later = (
        mean(one).id for one in read(tmp_path, f"{head}\n{row}\n{row}\n{more}\n")
    )

    assert first == again
    assert first != later


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"reference": ""}, "reference_missing"),
        ({"issue": ""}, "issue_missing"),
        ({"issue": "No Code"}, "field_invalid"),
        ({"serial": ""}, "unit_missing"),
        ({"warranty": "wty_1"}, "unit_missing"),
        ({"filed_at": "soon"}, "date_unknown_form"),
        ({"incident_on": "then"}, "date_unknown_form"),
        ({"preferred": "cake"}, "field_invalid"),
        ({"serial": "1E+10"}, "serial_damaged"),
        ({"email": "x" * 300}, "field_invalid"),
    ],
)
def test_what_is_wrong_has_a_code(tmp_path: Path, cells: dict[str, str], code: str) -> None:
    row = {"reference": "1", "serial": "SN-1", "issue": "broken", "filed_at": "2026-01-31"} | cells
    (record,) = read(tmp_path, ";".join(row) + "\n" + ";".join(row.values()) + "\n")

    with pytest.raises(UntranslatableError) as error:
        mean(record)
    assert error.value.faults[0].code == code


def test_an_id_of_no_hub_is_refused_in_a_home_of_its_own(tmp_path: Path) -> None:
    text = OUTCOMES.replace("eff_q5xi4o4sijxnpjh7_1", "ours-7")
    (record,) = read(tmp_path, text, kind="outcomes")

    assert len(mean(record, kind="outcomes").home) == 16


def test_a_serial_that_is_a_number_is_refused(tmp_path: Path) -> None:
    text = '{"reference": "1", "issue": "broken", "filed_at": "2026-01-31", "serial": 12}\n'
    (record,) = read(tmp_path, text)

    with pytest.raises(UntranslatableError) as error:
        mean(record)
    assert error.value.faults[0].code == "serial_not_text"
