"""The whole check of one installation."""

from collections.abc import Sequence
from dataclasses import dataclass

from .accounts import (
    check_accounts,
    check_activity,
    check_landings,
    check_progress,
    check_seqs,
    said,
)
from .claim_tables import read_claims
from .claim_words import Word
from .claims import check_claims
from .effects import Stream, check_order, check_rows, check_stream, check_wire
from .findings import Findings, Report
from .sent import Sent, expect
from .tables import OUTCOMES, Tables, read_tables
from .webhook_log import Webhooks
from .webhook_tables import read_deliveries
from .webhooks import check_webhooks
from .wire import Wire, log_ends, read_status


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the topics and tables are."""

    kafka: str
    postgres: str
    intake: str = "warranty.intake.v1"
    status: str = "warranty.status.v1"
    views: bool = True
    """Whether projections run there."""
    raw: str | None = None
    """A topic whose payloads are translated there."""


async def check(
    sent: Sequence[Sent],
    place: Installation,
    words: Sequence[Word] | None = None,
    webhooks: Webhooks | None = None,
) -> Report:
    """Compare what was sent with what is there, once nothing moves any more; claims and webhooks where given."""
    wire = await read_status(place.kafka, place.status)
    ends = await log_ends(place.kafka, place.intake)
    tables = await read_tables(place.postgres, place.intake, place.raw)
    landed = await log_ends(place.kafka, place.raw) if place.raw else {}
    findings = Findings()
    expected, stream = expect(sent), Stream(wire.told)
    check_wire(wire, findings)
    check_stream(expected, stream, findings)
    check_order(expected, wire, findings)
    check_rows(expected, stream, tables.units, findings)
    waiting = check_accounts(tables, ends, findings)
    check_landings(tables, landed, findings)
    check_seqs(tables, wire, findings)
    if place.views:
        check_progress(tables, findings)
        check_activity(tables, wire, findings)
    figures = _figures(wire, tables, waiting)
    if words is not None:
        figures |= check_claims(words, wire, await read_claims(place.postgres), findings)
    if webhooks is not None:
        rows = await read_deliveries(place.postgres, [one.id for one in webhooks.endpoints])
        figures |= check_webhooks(webhooks, wire, rows, findings)
    return Report(figures | findings.counts, dict(findings.examples))


def _figures(wire: Wire, tables: Tables, waiting: int) -> dict[str, int]:
    passed = tables.total("next_offset") - tables.total("first_offset")
    return {
        "accepted": passed + waiting,
        **{outcome: tables.total(outcome) for outcome in OUTCOMES},
        "waiting": waiting,
        "landed": sum(row["next_offset"] - row["first_offset"] for row in tables.landings),
        "translated": sum(row["translated"] for row in tables.landings),
        "units": len(tables.units),
        "status_events": len(wire.told),
        **said(wire),
        "wire_repeats": wire.repeats,
        "letters_kept": tables.letters,
        "claims": tables.total("epoch"),
    }
