"""Whether the hub's books of deliveries agree with what was decided and with what receivers wrote down."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from .findings import Findings
from .webhook_log import Endpoint, Heard
from .webhook_tables import DeliveryRows, Row

OPEN = frozenset({"waiting", "sending"})


def check_books(
    endpoint: Endpoint,
    wanted: Collection[str],
    messages: Mapping[str, Sequence[Heard]],
    rows: DeliveryRows,
    findings: Findings,
) -> Counter[str]:
    """One row for each event, none of them open, and every telling among its attempts; gives the figures."""
    figures = Counter[str](open=0, dead=0, attempts=0, lost_attempts=0, unanswered=0)
    mine = {event: row for (where, event), row in rows.items() if where == endpoint.id}
    unbooked = set(wanted) - mine.keys()
    for event in unbooked:
        findings.add("lost", f"{event} is no delivery to {endpoint.name}")
    for event, row in mine.items():
        where = f"{event} to {endpoint.name}"
        if event not in wanted:
            findings.add("ghosts", f"{where} is a delivery that nobody wants")
        _check_row(where, row, messages.get(event, ()), figures, findings)
    for event in messages.keys() & unbooked:
        what = f"{event} was told to {endpoint.name}, which no attempt says"
        findings.add("unaccounted", what, len(messages[event]))
    return figures


def _check_row(
    where: str, row: Row, heard: Sequence[Heard], figures: Counter[str], findings: Findings
) -> None:
    figures["attempts"] += len(row.attempts)
    lost = sum(one.is_lost for one in row.attempts)
    figures["lost_attempts"] += lost
    figures["unanswered"] += row.unanswered
    if row.state in OPEN:
        figures["open"] += 1
        findings.add("stuck", f"{where} is still {row.state}")
    elif row.state != "delivered":
        figures["dead"] += 1
        findings.add("lost", f"{where} is {row.state}")
    if len(heard) > len(row.attempts):
        what = f"{where} was heard {len(heard)} times in {len(row.attempts)} attempts"
        findings.add("unaccounted", what, len(heard) - len(row.attempts))
    taken = sum(one.was_taken for one in heard)
    delivered = sum(one.state == "delivered" for one in row.attempts)
    most = delivered + lost + row.unanswered
    if not delivered <= taken <= most:
        what = f"{where} was taken {taken} times, the attempts say {delivered} to {most}"
        findings.add("unaccounted", what)
