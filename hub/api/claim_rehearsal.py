"""Reading claims for a rehearsal of a policy: their own rows, and every version that counted for them."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast

import msgspec

from hub.adapters.postgres import Queries
from hub.api import policy_shelf
from hub.domain.claims.rehearsing import Case, rehearse, rehearse_limits, with_draft
from hub.domain.claims.tallying import Rehearsal, Tally
from hub.domain.claims.weighing import Policies
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from schemas.policies.approval import ApprovalPolicy
from schemas.policies.claim_rules import ClaimRulesPolicy
from schemas.policies.evidence import EvidencePolicy
from schemas.policies.parts import Policy
from schemas.policies.stock import StockPolicy

P = TypeVar("P", bound=Policy)
REHEARSED = ("evidence", "stock", "claim_rules", "approval")
"""The policies by which claims are weighed, and the limits of those who decide them."""
CLAIMS = """
select id, filed_at, doc from claim
 where (filed_at, id) > ($1, $2) order by filed_at, id limit $3
"""
PAGE = 500

_case = msgspec.json.Decoder(Case).decode


@dataclass(slots=True)
class Versions:
    """The versions that there are of each policy; a document is read once."""

    stored: Iterable[PolicyVersion]
    _read: dict[tuple[str, int], Policy] = field(default_factory=dict)

    def at(self, name: str, model: type[P], moment: datetime) -> tuple[int, P] | None:
        """The version that was in force, with its number."""
        found = policy_in_force((one for one in self.stored if one.name == name), moment)
        if found is None:
            return None
        key = (name, found.number)
        if key not in self._read:
            self._read[key] = model.model_validate_json(found.document)
        return found.number, cast("P", self._read[key])

    def counted(self, case: Case) -> Policies:
        """What a claim was weighed by."""
        return Policies(
            self.at("evidence", EvidencePolicy, case.filed_at),
            self.at("stock", StockPolicy, case.filed_at),
            self.at("claim_rules", ClaimRulesPolicy, case.filed_at),
        )

    def approval(self, case: Case) -> tuple[int, ApprovalPolicy] | None:
        """The limits under which a claim was decided."""
        at = case.verdict.at if case.verdict else case.filed_at
        return self.at("approval", ApprovalPolicy, at)


async def rehearsal(
    queries: Queries, name: str, draft: Policy, since: datetime, page: int = PAGE
) -> Rehearsal:
    """What a draft would change of the claims that were filed since then; nothing is written."""
    stored = await policy_shelf.versions(queries)
    versions, tally = Versions(stored), Tally(name, since)
    number = 1 + sum(one.name == name for one in stored)
    async for case in _cases(queries, since, page):
        if isinstance(draft, ApprovalPolicy):
            tally.count(rehearse_limits(case, versions.approval(case), (number, draft)))
        elif case.weighings:
            counted = versions.counted(case)
            tally.count(rehearse(case, counted, with_draft(counted, number, draft)))
        else:
            tally.skip()
    return tally.result()


async def _cases(queries: Queries, since: datetime, page: int) -> AsyncIterator[Case]:
    at, last = since, ""
    while True:
        rows = await queries.fetch(CLAIMS, at, last, page)
        for row in rows:
            yield _case(row["doc"])
        if len(rows) < page:
            return
        at, last = rows[-1]["filed_at"], rows[-1]["id"]
