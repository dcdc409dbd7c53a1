"""What the API is built from, and how a route reaches it."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from hub.access.keys import Keys
from hub.adapters.postgres import TenantDatabase
from hub.audit.refusals import Refusals
from hub.ledger.ask import Asker
from hub.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a request may touch."""

    asker: Asker
    database: TenantDatabase
    keys: Keys
    refusals: Refusals
    metrics: Metrics


def parts_of(connection: HTTPConnection) -> Parts:
    """The parts that `build` was given."""
    return cast("Parts", connection.app.state.parts)
