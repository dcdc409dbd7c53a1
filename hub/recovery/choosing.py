"""Which items: the one filter of lists, groups, bulk wishes and rehearsals."""

from collections.abc import Sequence
from typing import Literal

import msgspec

State = Literal["retrying", "held", "dead_lettered", "parked"]

CONDITIONS = {
    "topic": "i.topic = {}",
    "partition": "i.part = {}",
    "state": "i.state = {}",
    "tenant": "i.tenant = {}",
    "source": "i.source = {}",
    "code": "i.code = {}",
    "type": "i.type = {}",
    "release": "i.release = {}",
    "dependency": "i.dependency = {}",
    "home": "i.home = {}",
    "reason": "strpos(lower(i.reason), lower({}::text)) > 0",
    "on_hold": "(i.on_hold is not null) = {}::boolean",
    "redrive": "i.redrive = {}",
    "note": """exists (
      select 1 from staff_action a
       where (a.topic, a.part, a."offset") = (i.topic, i.part, i."offset") and a.verb = 'note'
         and strpos(lower(a.text), lower({}::text)) > 0)""",
}


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which items; what is None does not matter."""

    topic: str | None = None
    partition: int | None = None
    state: State | None = None
    tenant: str | None = None
    source: str | None = None
    code: str | None = None
    """Why, in one word."""
    type: str | None = None
    release: str | None = None
    """Of the hub that tried it last."""
    dependency: str | None = None
    """What outside it waits for."""
    home: str | None = None
    """Of an event; the key of a raw record."""
    reason: str | None = None
    """A text that the reason contains, whatever its case."""
    on_hold: bool | None = None
    redrive: int | None = None
    """The bulk that asked for it last."""
    note: str | None = None
    """A text that a note about it contains, whatever its case."""

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)


def conditions(where: Filter, bound: Sequence[object] = ()) -> tuple[str, list[object]]:
    """The filter as SQL about `item i`, and all values to bind: those bound already, then its own."""
    values, said = list(bound), ["true"]
    for name in where.__struct_fields__:
        wanted = getattr(where, name)
        if wanted is not None:
            values.append(wanted)
            said.append(CONDITIONS[name].format(f"${len(values)}"))
    return " and ".join(said), values


def written(where: Filter) -> str:
    """The filter as JSON, as a bulk keeps it."""
    return msgspec.json.encode(where).decode()


def read(text: str) -> Filter:
    """A filter that `written` wrote."""
    return msgspec.json.decode(text, type=Filter)
