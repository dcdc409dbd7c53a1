"""An invoice on its way in: one event each, known again by its order."""

from datetime import UTC, datetime

from hub.access.principals import Principal
from hub.ledger.submit import Submission
from hub.ledger.wire import MAX_VALUE
from schemas.envelope import Envelope, source_of
from schemas.events.sale import SaleDeleted, SaleRecorded
from schemas.refs import derived_id, order_home

ROUTE = "invoice"


def submission(
    fact: SaleRecorded | SaleDeleted, caller: Principal, key: str, traceparent: str | None
) -> Submission:
    """The event of one request of that key."""
    scope = f"api/{caller.name}/{ROUTE}"
    event = derived_id("api", caller.tenant, caller.name, ROUTE, key)
    home = order_home(caller.tenant, fact.order.namespace, fact.order.reference)
    envelope = Envelope(
        id=event,
        source=source_of(caller.tenant, caller.name),
        type=fact.TYPE,
        time=datetime.now(UTC),
        tenant=caller.tenant,
        partitionkey=home,
        correlationid=derived_id("req", caller.tenant, scope, event),
        traceparent=traceparent,
    )
    return Submission(scope, envelope, home, fact.model_dump_json(exclude_defaults=True).encode())


def request_of(caller: Principal, key: str) -> str:
    """The request that an event of that key answers."""
    event = derived_id("api", caller.tenant, caller.name, ROUTE, key)
    return derived_id("req", caller.tenant, f"api/{caller.name}/{ROUTE}", event)


def fits(one: Submission) -> bool:
    """Whether it is no larger than an event may be."""
    return len(one.body) <= MAX_VALUE
