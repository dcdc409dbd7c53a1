"""What the API is built from, and how a route reaches it."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import HTTPConnection

from hub.access.admission import Admission
from hub.adapters.postgres import TenantDatabase
from hub.audit.heads import Trusted
from hub.audit.refusals import Refusals
from hub.ledger.ask import Asker
from hub.media.cleaning import Cleaner
from hub.recovery.today import Today
from hub.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a request may touch."""

    asker: Asker
    database: TenantDatabase
    admission: Admission
    refusals: Refusals
    metrics: Metrics
    today: Today
    catalog: Asker
    """Asks the catalog; `asker` asks about warranties."""
    proxies: int = 0
    """Of ours before the door, each of which says whom it speaks for."""
    trusted: Trusted = field(default_factory=Trusted)
    """Whose signed heads of the audit count."""
    cleaner: Cleaner = field(default_factory=Cleaner)
    """Reads the files of strangers."""


def parts_of(connection: HTTPConnection) -> Parts:
    """The parts that `build` was given."""
    return cast("Parts", connection.app.state.parts)
