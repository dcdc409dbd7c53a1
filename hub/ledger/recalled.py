"""What is asked for by nearly every event and changes rarely: remembered by a worker for a second."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from hub.adapters.postgres import Queries
from hub.domain.policies.versions import PolicyVersion
from hub.sdk.events import Ask, AskPolicy, Tenant

FRESH_SECONDS = 1.0

POLICIES = """
select a.tenant, a.name, p.doc
  from unnest($1::text[], $2::text[]) as a(tenant, name)
  join policy p on p.tenant = a.tenant and p.name = a.name
 order by p.number
"""

_version = msgspec.json.Decoder(PolicyVersion).decode


@dataclass(slots=True)
class Tenants:
    """Merchants as they were read at most a second ago; a decision says which version it used."""

    read_at: float = 0.0
    known: dict[str, Tenant] = field(default_factory=dict)

    def recall(self, tenant: str) -> Tenant | None:
        """What is known; one that is not there is looked for each time, for it may come at once."""
        if time.monotonic() - self.read_at > FRESH_SECONDS:
            self.known.clear()
            self.read_at = time.monotonic()
        return self.known.get(tenant)


@dataclass(slots=True)
class Policies:
    """Policies as they were read at most a second ago, also that there is none.

    A version begins when it is published or later, so for a second after its beginning what is
    decided may still be decided by the one before; the decision says by which.
    """

    read_at: float = 0.0
    known: dict[AskPolicy, tuple[PolicyVersion, ...]] = field(default_factory=dict)

    async def answer(
        self, queries: Queries, asks: Sequence[AskPolicy]
    ) -> dict[Ask, tuple[PolicyVersion, ...]]:
        """Every version of each, by number."""
        if time.monotonic() - self.read_at > FRESH_SECONDS:
            self.known.clear()
            self.read_at = time.monotonic()
        found: dict[Ask, tuple[PolicyVersion, ...]] = {
            ask: self.known[ask] for ask in asks if not ask.fresh and ask in self.known
        }
        unknown = [ask for ask in asks if ask not in found]
        if unknown:
            found |= await _read(queries, unknown)
            self.known.update({ask: found[ask] for ask in unknown if not ask.fresh})
        return found


async def _read(
    queries: Queries, asks: Sequence[AskPolicy]
) -> dict[Ask, tuple[PolicyVersion, ...]]:
    wanted = list(dict.fromkeys((ask.tenant, ask.name) for ask in asks))
    versions: dict[tuple[str, str], list[PolicyVersion]] = {key: [] for key in wanted}
    for row in await queries.fetch(POLICIES, [t for t, _ in wanted], [n for _, n in wanted]):
        versions[row["tenant"], row["name"]].append(_version(row["doc"]))
    return {ask: tuple(versions[ask.tenant, ask.name]) for ask in asks}
