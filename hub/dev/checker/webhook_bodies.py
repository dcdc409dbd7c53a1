"""Whether a message says what was decided, no more than its receiver may know, and the same each time."""

import json
from collections.abc import Sequence
from typing import Any

from .findings import Findings
from .webhook_log import Endpoint, Heard
from .wire import Told

INSIDE = ("by", "why")
"""Who of the staff decided it and in what words: nobody is told."""
SEQUENCE_DIGITS = 20


def check_body(
    endpoint: Endpoint, event: Told, messages: Sequence[Heard], findings: Findings
) -> None:
    """All that was told to one endpoint of one event."""
    where = f"{event.id} to {endpoint.name}"
    if len({one.body for one in messages}) > 1:
        findings.add("altered", f"{where} was told in {len(messages)} tellings that differ")
    wrong = _differing(endpoint, event, messages[0].body)
    if wrong:
        findings.add("altered", f"{where} has {wrong}")
    unsigned = sum(not one.verifies for one in messages)
    if unsigned:
        findings.add("unsigned", f"{where} does not verify by its secret", unsigned)


def _differing(endpoint: Endpoint, event: Told, body: str) -> str:
    try:
        told = json.loads(body)
    except json.JSONDecodeError:
        return "no JSON for a body"
    said = {name: told.get(name) for name in ("id", "type", "subject", "sequence")}
    due = {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": f"{event.seq:0{SEQUENCE_DIGITS}}",
    }
    if said != due:
        return f"{said} instead of {due}"
    data = told.get("data")
    if endpoint.payload == "full":
        return "" if data == _outside(event.fact) else f"the data {data}"
    is_thin = isinstance(data, dict) and data.keys() <= {"id", "href"}
    return "" if is_thin and data.get("id") == event.subject else f"the data {data}"


def _outside(fact: dict[str, Any]) -> dict[str, Any]:
    """The fact without what stays inside."""
    decided = fact.get("decided")
    if not isinstance(decided, dict):
        return fact
    return fact | {"decided": {name: v for name, v in decided.items() if name not in INSIDE}}
