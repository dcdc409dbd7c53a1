"""Who was to be told by webhook, what each receiver wrote down, and when those who tell were killed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

ENDPOINTS, HEARD, MOMENTS = "endpoints.json", "heard.jsonl", "moments.json"

Moment = tuple[float, float]
"""From when to when somebody who tells was dead or stood still; seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What was asked for when it was made, before anything was decided."""

    id: str
    name: str
    payload: Literal["thin", "full"]
    in_order: bool
    types: tuple[str, ...] = ()
    """None: all."""
    branches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as its receiver took it, written down before it was answered."""

    name: str
    """Of the endpoint."""
    id: str
    """Its `webhook-id`."""
    at: float
    body: str
    verifies: bool
    """By the secret of the endpoint."""
    answered: int

    @property
    def was_taken(self) -> bool:
        """Whether the answer was a success."""
        return 200 <= self.answered < 300  # noqa: PLR2004 - HTTP's own class


@dataclass(frozen=True, slots=True)
class Webhooks:
    """All of it, in the order in which it was heard."""

    endpoints: tuple[Endpoint, ...]
    heard: tuple[Heard, ...]
    moments: tuple[Moment, ...] = ()


def write_line(heard: Heard) -> bytes:
    """A line of the receiver's record; with what people look for outside of the body."""
    line: dict[str, Any] = asdict(heard)
    return json.dumps(line | _told(heard.body)).encode() + b"\n"


def _told(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except json.JSONDecodeError:
        return {}
    is_event = isinstance(event, dict)
    return {name: event.get(name) for name in ("sequence", "subject", "type")} if is_event else {}


def write_endpoints(folder: Path, endpoints: Iterable[Endpoint]) -> None:
    """Write who is to be told."""
    (folder / ENDPOINTS).write_text(json.dumps([asdict(one) for one in endpoints]))


def write_moments(folder: Path, moments: Iterable[Moment]) -> None:
    """Write when those who tell were killed or stood still."""
    (folder / MOMENTS).write_text(json.dumps(list(moments)))


def read_webhooks(folder: Path) -> Webhooks:
    """Read what stands there. A line stands before its answer leaves: what lacks one was not answered."""
    endpoints = [_endpoint(one) for one in json.loads((folder / ENDPOINTS).read_text())]
    moments = [(began, ended) for began, ended in json.loads((folder / MOMENTS).read_text())]
    whole, _, _ = (folder / HEARD).read_text().rpartition("\n")
    heard = [_heard(json.loads(line)) for line in whole.splitlines()]
    return Webhooks(tuple(endpoints), tuple(heard), tuple(moments))


def _endpoint(line: Mapping[str, Any]) -> Endpoint:
    return Endpoint(**{**line, "types": tuple(line["types"]), "branches": tuple(line["branches"])})


def _heard(line: Mapping[str, Any]) -> Heard:
    return Heard(**{name: line[name] for name in Heard.__slots__})
