"""What a plan would change in the rows of a processor, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.ledger.homes import encode
from hub.ledger.plan import Plan
from hub.recovery.places import MISSING, differences
from hub.recovery.rehearsed import Change
from hub.sdk.processor import Processor

Key = tuple[str, str]
"""Table and id of a row."""
DOCUMENTS = "select id, doc from {table} where id = any($1::text[])"


@dataclass(slots=True)
class Rows:
    """The rows as they were read, or as the plans before would have left them."""

    queries: Queries
    processor: Processor[Any]
    _known: dict[Key, Any] = field(default_factory=dict)

    async def changed(self, plan: Plan) -> tuple[Change, ...]:
        """Every field that the plan would change."""
        after = dict(self._documents(plan))
        await self._read([key for key in after if key not in self._known])
        found = [
            Change(table=table, id=row, place=place, old=_json(old), new=_json(new))
            for (table, row), document in after.items()
            for place, old, new in differences(self._known[table, row], document)
        ]
        self._known |= after
        return tuple(found)

    def _documents(self, plan: Plan) -> Iterator[tuple[Key, Any]]:
        for home in plan.homes.values():
            head = self.processor.take_apart(home.state)
            yield (self.processor.head.table, home.id), _plain(head)
        for table, rows in plan.parts.items():
            for part in rows.values():
                yield (table, part.row.id), _plain(part.row)

    async def _read(self, keys: list[Key]) -> None:
        for table in {table for table, _ in keys}:
            ids = [row for other, row in keys if other == table]
            found = await self.queries.fetch(DOCUMENTS.format(table=table), ids)
            documents = {row["id"]: msgspec.json.decode(row["doc"] or "null") for row in found}
            self._known |= {(table, row): documents.get(row) for row in ids}


def _plain(row: object) -> Any:
    return msgspec.json.decode(encode(row))


def _json(value: object) -> msgspec.Raw:
    return msgspec.Raw(b"null" if value is MISSING else msgspec.json.encode(value))
