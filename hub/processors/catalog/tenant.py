"""A merchant itself: it goes live once everything that has to be settled is."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from hub.domain.errors import RejectedError
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from hub.domain.setup import missing
from hub.processors.catalog.state import TENANT, By, CatalogRow, Shelf
from hub.sdk.decision import Decision, Said
from hub.sdk.events import AskPolicy, Event, Known, Outcome
from schemas.events.policy import GoLiveRequested, TenantWentLive
from schemas.events.warranty import Refusal
from schemas.policies import MODELS, SETUP_MAP
from schemas.policies.setup_map import SetupMapPolicy
from schemas.refs import home


class Live(msgspec.Struct, frozen=True, gc=False):
    """Since when a merchant is live."""

    live_since: datetime


def tenant_home(tenant: str) -> str:
    """The home of a merchant."""
    return home(tenant, TENANT)


def needs(event: Event) -> Iterable[AskPolicy]:
    """All its policies, as they stand now: one that was published a moment ago counts."""
    return [AskPolicy(event.tenant, name, fresh=True) for name in MODELS]


def go_live(shelf: Shelf, event: Event, fact: GoLiveRequested, known: Known) -> Decision[Shelf]:
    """Begin, or say exactly what is missing."""
    if shelf.row is not None and shelf.row.live_since is not None:
        return Decision(shelf, Outcome.DEDUPLICATED, Live(shelf.row.live_since))
    force = {name: _in_force(name, event, known) for name in MODELS}
    setup = force[SETUP_MAP]
    mapped = SetupMapPolicy.model_validate_json(setup.document) if setup else None
    lacking = missing(mapped, lambda name: force[name] is not None)
    if lacking:
        raise RejectedError(
            [Refusal(code="not_settled", message=f"{at}: {what}") for at, what in lacking]
        )
    versions = {name: one.number for name, one in force.items() if one is not None}
    by = By(fact.by.kind, fact.by.id, fact.by.role)
    row = CatalogRow(
        tenant_home(event.tenant), TENANT, event.tenant, live_since=event.time, live_by=by
    )
    said = TenantWentLive(why=fact.why, by=fact.by, policies=versions)
    return Decision(
        Shelf(row), answer=Live(event.time), said=(Said(said, f"tenant/{event.tenant}"),)
    )


def _in_force(name: str, event: Event, known: Known) -> PolicyVersion | None:
    return policy_in_force(known.policies(AskPolicy(event.tenant, name, fresh=True)), event.time)
