"""A row of an export as a fact: a claim under the centre's own reference, or what became of an effect."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.sdk import FileRecord, Origin, Translated, untranslatable
from connectors.sdk.cells import Cells, filled, records_of
from connectors.sdk.facts import built, of_field, read_serial
from connectors.sdk.values import read_day, read_money
from connectors.service.settings import NEEDED, Settings
from schemas.base import Fact
from schemas.events.claim import ClaimFiled, EffectReported
from schemas.refs import derived_id, home, home_of, serial_home

REMEDY = "correct the row and drop the file again"
STATES: Mapping[str, str] = {"sent back": "sent_back", "accepted": "acknowledged"}
"""How some write the states of an effect."""
Meant = tuple[Fact, datetime, str]
"""The fact, when it happened, and the home it belongs to as far as the row tells."""


def records(path: Path, settings: Settings) -> Iterator[FileRecord]:
    return records_of(path, settings, NEEDED[settings.kind])


def translate(record: FileRecord, settings: Settings, origin: Origin) -> Iterator[Translated]:
    """One row as one event; a row that says more of a claim than before is another one."""
    row = filled(record, settings, NEEDED[settings.kind])
    meant = _claim(row, origin) if settings.kind == "claims" else _outcome(row, origin)
    fact, at, place = meant
    body = fact.model_dump_json(exclude_none=True)
    yield Translated(
        id=derived_id("svc", origin.tenant, origin.source, fact.TYPE, at.isoformat(), body),
        time=at,
        fact=fact,
        home=place,
        lines=((None, record.line),),
    )


def _claim(row: Cells[Settings], origin: Origin) -> Meant:
    at, serial, warranty = row.at("filed_at"), _serial(row), row.text("warranty") or None
    if (serial is None) == (warranty is None):
        message = "a claim names its unit by serial or by warranty: fill one of the two cells"
        raise untranslatable("unit_missing", message)
    told = {
        "warranty": warranty,
        "serial": serial,
        **{name: row.text(name) or None for name in ("reference", "issue", "invoice")},
        "filed_at": at,
        "zone": row.settings.zone,
        "incident_on": _day(row),
        "preferred": row.text("preferred") or None,
        "customer": _customer(row),
        "words": row.text("description") or None,
    }
    fact = built(ClaimFiled, told, REMEDY)
    if warranty is not None:
        return fact, at, _home(origin, warranty)
    return fact, at, serial_home(origin.tenant, "".join((serial or "").split()).casefold())


def _customer(row: Cells[Settings]) -> dict[str, str] | None:
    said = {name: row.text(name) for name in ("email", "phone", "name") if row.text(name)}
    return said or None


def _outcome(row: Cells[Settings], origin: Origin) -> Meant:
    at, state = row.at("at"), row.text("state").casefold()
    told = {
        "effect": row.text("effect"),
        "state": STATES.get(state, state),
        "reference": row.text("reference") or None,
        "serial": _serial(row),
        "cost": _cost(row),
        "why": row.text("note"),
    }
    fact = built(EffectReported, told, REMEDY)
    return fact, at, _home(origin, fact.effect)


def _cost(row: Cells[Settings]) -> Any:
    text = row.text("cost")
    if not text:
        return None
    mark = row.settings.decimal if isinstance(row.cell("cost"), str) else "."
    with of_field("cost"):
        return read_money(text, mark, row.settings.currency)


def _serial(row: Cells[Settings]) -> str | None:
    cell = row.cell("serial")
    if cell is None or cell == "":
        return None
    if not isinstance(cell, str):
        message = "a serial is no text, and numbers lose their zeros; write it quoted"
        raise untranslatable("serial_not_text", message)
    return read_serial(cell) or None


def _day(row: Cells[Settings]) -> Any:
    text = row.text("incident_on")
    if not text:
        return None
    with of_field("incident_on"):
        return read_day(text, row.settings.slash_dates)


def _home(origin: Origin, identifier: str) -> str:
    """The home in an id of the hub; what is none is refused in a home of its own."""
    try:
        return home_of(identifier)
    except ValueError:
        return home(origin.tenant, "unknown", identifier)
