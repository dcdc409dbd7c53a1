"""An early event is read again as it came, whatever it said; what cannot be is set aside alone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.ledger.early import Kept, Unread, kept, restored
from hub.processors.purchase import PROCESSOR
from hub.sdk.events import CustomerRef, Event
from schemas.base import Fact

MODELS = {fact.TYPE: fact for fact in PROCESSOR.consumes}
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
WORDS = st.sampled_from(["A-1", "wty_1", "00123", "2026-01-31", "ölçü \u20ac", "null", "{}"])
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "zone": st.sampled_from(["UTC", "Europe/Istanbul"]),
    "currency": st.just("EUR"),
    "why": st.sampled_from(["as agreed by phone", "ölçü € of the till"]),
}
BY_PATTERN: dict[str, st.SearchStrategy[Any]] = {
    r"^med_[0-9a-f]{32}$": st.sampled_from(["med_" + "0a" * 16, "med_" + "f" * 32]),
    r"^[a-z0-9][a-z0-9_.-]{0,62}$": st.sampled_from(["power", "power.battery", "0-1_2"]),
}
BY_FORMAT: dict[str, st.SearchStrategy[Any]] = {
    "date": st.dates(date(2020, 1, 1), date(2040, 1, 1)).map(str),
    "date-time": st.integers(0, 10**9).map(lambda s: str(NOON + timedelta(seconds=s))),
}


def said(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Documents that a schema of ours allows."""
    if "$ref" in schema:
        return said(defs[schema["$ref"].rsplit("/", 1)[1]], defs)
    if "anyOf" in schema:
        return st.one_of([said(one, defs) for one in schema["anyOf"]])
    match schema:
        case {"properties": properties}:
            every = {
                n: BY_NAME[n] if n in BY_NAME else said(one, defs)
                for n, one in properties.items()
                # A contact is taken out and sealed elsewhere before anything waits.
                if {"$ref": "#/$defs/Contact"} not in one.get("anyOf", ())
            }
            must = {name: every.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(must, optional=every)
        case {"type": "array", "items": items}:
            least = schema.get("minItems", 0)
            return st.lists(said(items, defs), min_size=least, max_size=3)
        case {"type": "object", "additionalProperties": values}:
            return st.dictionaries(WORDS, said(values, defs), max_size=3)
        case _:
            return one_value(schema)


def one_value(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    if schema.get("pattern") in BY_PATTERN:
        return BY_PATTERN[schema["pattern"]]
    kinds: dict[str, st.SearchStrategy[Any]] = {
        **BY_FORMAT,
        "integer": st.integers(1, 99),
        "null": st.none(),
        "boolean": st.booleans(),
    }
    return kinds.get(schema.get("format", schema["type"]), WORDS)


def facts(model: type[Fact]) -> st.SearchStrategy[Fact]:
    schema = model.model_json_schema()
    return said(schema, schema.get("$defs", {})).map(model.model_validate)


def an_event(fact: Fact) -> Event:
    return Event(
        id="evt-1",
        type=fact.TYPE,
        tenant="acme",
        connector="till",
        time=NOON,
        received_at=NOON,
        fact=fact,
        customer=CustomerRef("ada", "email", None),
        subject="wty_1",
        correlationid="c-1",
        traceparent="00-1",
        body_hash="as it came",
        raw="raw_1",
        revision=3,
        edited_hash="as it was mended",
    )


def stored(one: Kept) -> Kept:
    return msgspec.json.decode(msgspec.json.encode(one), type=Kept)


@pytest.mark.parametrize("model", PROCESSOR.consumes, ids=lambda fact: fact.TYPE)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_event_that_may_wait_is_restored_as_it_came(
    model: type[Fact], data: st.DataObject
) -> None:
    event = an_event(data.draw(facts(model)))

    again, wrong = restored(stored(kept(event, 7, "req_1")), MODELS)

    assert wrong is None
    assert again == event


@pytest.mark.parametrize("model", PROCESSOR.consumes, ids=lambda fact: fact.TYPE)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_one_whose_type_is_dropped_keeps_what_it_said(
    model: type[Fact], data: st.DataObject
) -> None:
    event = an_event(data.draw(facts(model)))
    one = stored(kept(event, 7, None))

    again, wrong = restored(
        one, {kind: fact for kind, fact in MODELS.items() if kind != event.type}
    )

    assert event.type in str(wrong)
    assert isinstance(again.fact, Unread)
    assert again.fact.model_dump_json(exclude_none=True).encode() == bytes(one.fact)
    assert replace(again, fact=event.fact) == event


def test_one_whose_type_asks_for_more_by_now_says_what_and_quotes_nobody() -> None:
    class Tightened(Fact):
        TYPE = "sale.recorded.v1"
        reference: int
        cashier: str

    one = Kept(
        "e",
        "sale.recorded.v1",
        "acme",
        "till",
        NOON,
        NOON,
        msgspec.Raw(b'{"reference": "Ada"}'),
        "h",
        1,
    )

    _, wrong = restored(one, {Tightened.TYPE: Tightened})

    assert "cashier: Field required" in str(wrong)
    assert "reference" in str(wrong)
    assert "Ada" not in str(wrong)
