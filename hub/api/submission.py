"""A posted fact as an event: its ids derive from who said it and under which key."""

from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from hub.access.principals import Principal
from hub.api.bodies import Activation, RegistrationBody, SaleBody
from hub.api.problems import TOO_LARGE
from hub.domain.serials import normalise
from hub.ledger.submit import Submission
from hub.ledger.wire import MAX_VALUE
from schemas.base import Fact
from schemas.envelope import TRACEPARENT, Envelope, source_of
from schemas.refs import derived_id, order_home, reference_home, serial_home

ROUTE = "activations"


class Report(NamedTuple):
    """A fact that a caller reports, when it happened, and where it belongs as far as it tells."""

    route: str
    """What is reported there under one key counts once."""
    fact: Fact
    at: datetime
    home: str


def submission(
    activation: Activation, caller: Principal, key: str, traceparent: str | None
) -> Submission:
    """The event that an activation is, addressed to its home.

    Raises:
        ProblemError: it is larger than an event may be.

    """
    fact = activation.fact
    at = fact.sold_at if isinstance(fact, SaleBody) else fact.registered_at
    return reported(Report(ROUTE, fact, at, _home(fact, caller)), caller, key, traceparent)


def reported(report: Report, caller: Principal, key: str, traceparent: str | None) -> Submission:
    """The event that a report is; the same caller, route and key make the same event.

    What equals a default is left out, so that a field this release does not know yet cannot make a
    repeat look like another body.

    Raises:
        ProblemError: it is larger than an event may be.

    """
    body = report.fact.model_dump_json(exclude_defaults=True).encode()
    if len(body) > MAX_VALUE:
        detail = f"one report may have {MAX_VALUE} bytes, this has {len(body)}; report less at once"
        raise TOO_LARGE.error(detail)
    event = derived_id("api", caller.tenant, caller.name, report.route, key)
    scope = f"api/{caller.name}/{report.route}"
    envelope = Envelope(
        id=event,
        source=source_of(caller.tenant, caller.name),
        type=report.fact.TYPE,
        time=report.at,
        tenant=caller.tenant,
        partitionkey=report.home,
        correlationid=derived_id("req", caller.tenant, scope, event),
        traceparent=traceparent,
    )
    return Submission(scope, envelope, report.home, body)


def traceparent_of(request: Request) -> str | None:
    """The caller's trace context, where it is one."""
    text = request.headers.get("traceparent", "")
    return text if TRACEPARENT.match(text.encode()) else None


def _home(fact: SaleBody | RegistrationBody, caller: Principal) -> str:
    """Where the event belongs as far as it tells by itself; its home may send it on."""
    if isinstance(fact, SaleBody):
        return order_home(caller.tenant, fact.order.namespace, fact.order.reference)
    if fact.serial is None:
        return reference_home(caller.tenant, caller.name, fact.reference)
    return serial_home(caller.tenant, normalise(fact.serial))
