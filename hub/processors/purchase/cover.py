"""The period of what names none: by policy and catalogue, else by the merchant's default."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from hub.domain.coverage import add_months
from hub.domain.policies.periods import Granted, periods_of
from hub.domain.policies.versions import policy_in_force
from hub.domain.rulings import Longer, Ruling
from hub.domain.terms import Of, Rule, rule_of, said_at
from hub.processors.catalog.state import ProductRow
from hub.processors.purchase.goods import category_of
from hub.sdk.events import AskPolicy, Event, Known, Tenant
from schemas.events.parts import Product
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded
from schemas.policies.coverage import CoveragePolicy, Terms

ask_coverage = lru_cache(maxsize=4096)(lambda tenant: AskPolicy(tenant, "coverage"))
"""Every version of a merchant's coverage policy."""
_read = lru_cache(maxsize=1024)(CoveragePolicy.model_validate_json)


def asks_coverage(fact: SaleRecorded | RegistrationRequested) -> bool:
    """Whether it leaves a period to its merchant."""
    # Sales first: of what is something else, it takes long to find out that it is no registration.
    if isinstance(fact, SaleRecorded):
        return any(one.coverage_months is None and one.covered_until is None for one in fact.lines)
    return fact.coverage_months is None


class Cover(msgspec.Struct, frozen=True, gc=False):
    """What counts at the moment of a sale or purchase."""

    event: str
    tenant: Tenant
    at: datetime
    known: Known
    policy: tuple[int, CoveragePolicy] | None = None
    """Its version in force, where there is one."""

    def of_sale(
        self, product: Product, kept: ProductRow | None, line: str, day: date
    ) -> tuple[date, Ruling | None]:
        """The last day of cover of a product, which the catalogue may have, as it is sold."""
        looked = self._look(product, kept)
        if looked.rule is None:
            return add_months(day, self.tenant.coverage_months), None
        granted = periods_of(looked.rule.rule, looked.rule.terms, day)
        longer = Longer(*granted.extended) if granted.extended else None
        return self._ruled(looked, line, (granted.rule, granted.standard), longer)

    def of_owner(
        self, product: Product, kept: ProductRow | None, day: date
    ) -> tuple[date, Ruling | None]:
        """The same as its owner registers it, where no sale of it is known."""
        looked = self._look(product, kept)
        if looked.rule is None:
            return add_months(day, self.tenant.coverage_months), None
        granted = periods_of(looked.rule.rule, looked.rule.terms, day)
        return self._ruled(looked, "", granted.registered, None)

    def _look(self, product: Product, kept: ProductRow | None) -> "_Looked":
        code = product.code or (kept.code if kept else None)
        if self.policy is None and (kept is None or not kept.history):
            return _Looked(None, code)
        mine = said_at(kept.history, self.at) if kept else None
        row = category_of(self.tenant.id, mine, self.known)
        theirs = said_at(row.history, self.at) if row else None
        itself = Of(code or product.key, mine) if code or mine else None
        category = Of(mine.category, theirs) if mine and mine.category else None
        at = tuple(_looked_at(("product", itself), ("category", category)))
        return _Looked(rule_of(self.policy, itself, category), code, at)

    def _ruled(
        self, looked: "_Looked", line: str, fitted: tuple[str, Granted], longer: Longer | None
    ) -> tuple[date, Ruling]:
        rule, granted = fitted
        by = looked.rule
        about = (by.by if by else "", by.version if by else 0, self.at, looked.code, rule)
        ruling = Ruling(*about, *granted, self.event, line, longer, looked.at)
        return granted.ends_on, ruling


class _Looked(NamedTuple):
    """What counts for a product, its code, and which versions of the catalogue were looked at."""

    rule: Rule | None
    code: str | None
    at: tuple[tuple[str, int], ...] = ()


def terms_at(tenant: str, product: str, at: datetime, known: Known) -> tuple[int, Terms | None]:
    """What counted for a product at that moment, and by which version; 0 where there was none."""
    found = policy_in_force(known.policies(ask_coverage(tenant)), at)
    if found is None:
        return 0, None
    return found.number, _read(found.document).terms(product)[1]


def _looked_at(*looked: tuple[str, Of | None]) -> Iterator[tuple[str, int]]:
    for kind, of in looked:
        if of is not None and of.said is not None:
            yield f"{kind}/{of.code}", of.said.number


def cover(event: Event, known: Known, tenant: Tenant, at: datetime) -> Cover:
    """What counts at that moment, for a fact that leaves a period to its merchant."""
    force = policy_in_force(known.policies(ask_coverage(event.tenant)), at)
    policy = None if force is None else (force.number, _read(force.document))
    return Cover(event.id, tenant, at, known, policy)
