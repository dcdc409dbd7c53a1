"""Whether everything on the status topic that an endpoint wants is a delivery to it."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.adapters.kafka import Record
from hub.adapters.postgres import Database
from schemas.catalogue import BECAME

CHECK = "every event that an endpoint wants is a delivery to it"
SLACK_MS = 60_000
"""What was published so shortly after an endpoint was changed may have been projected before that."""
# Whatever still stands on the topic is younger than what retention may have taken.
ENDPOINTS = """
select id, tenant, types, branches, suppliers,
       (extract(epoch from changed_at) * 1000)::bigint as changed_ms
  from endpoint where state <> 'deleted' order by id
"""
MADE = """
select d.endpoint, d.event from unnest($1::text[], $2::text[]) as w(tenant, event)
  join delivery d on d.tenant = w.tenant and d.event = w.event
"""
TOLD = frozenset(fact.TYPE for fact in BECAME)

Wanted = tuple[str, str, str]
"""An event's tenant and id, and the endpoint that wants it."""


@dataclass(slots=True)
class Deliveries:
    """What endpoints want of the records that are shown to it."""

    database: Database
    _endpoints: Sequence[Any] = ()
    _fresh: set[Wanted] = field(default_factory=set)

    async def begin(self) -> None:
        """See which endpoints there are."""
        self._endpoints = await self.database.fetch(ENDPOINTS)

    def take(self, record: Record, headers: dict[str, bytes]) -> None:
        """Remember who wants this event; what an endpoint wanted before it was last changed is not known."""
        kind, tenant = headers.get("ce_type", b"").decode(), headers.get("ce_tenant", b"").decode()
        for one in self._endpoints if kind in TOLD else ():
            is_his = one["tenant"] == tenant and (not one["types"] or kind in one["types"])
            if is_his and record.timestamp > one["changed_ms"] + SLACK_MS and _fits(one, record):
                self._fresh.add((tenant, headers["ce_id"].decode(), one["id"]))

    async def missing(self, before: Collection[Wanted]) -> set[Wanted]:
        """Which of these and of what was taken since are no delivery."""
        wanted, self._fresh = self._fresh.union(before), set()
        if not wanted:
            return set()
        made = await self.database.fetch(
            MADE, [tenant for tenant, _, _ in wanted], [event for _, event, _ in wanted]
        )
        there = {(row["event"], row["endpoint"]) for row in made}
        return {one for one in wanted if one[1:] not in there}


def _fits(endpoint: Any, record: Record) -> bool:
    if not endpoint["branches"] and not endpoint["suppliers"]:
        return True
    fact = json.loads(record.value or b"{}")
    pairs = (("branches", "branch"), ("suppliers", "supplier"))
    return all(not endpoint[listed] or fact.get(name) in endpoint[listed] for listed, name in pairs)
