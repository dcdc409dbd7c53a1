"""Whether every endpoint was told what was decided: all it wants, nothing else, in order, once but for kills."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from .findings import Findings
from .webhook_bodies import check_body
from .webhook_books import check_books
from .webhook_log import Endpoint, Heard, Moment, Webhooks
from .webhook_tables import DeliveryRows
from .wire import Told, Wire

KEPT_INSIDE = frozenset({
    "proposal.made.v1", "proposal.settled.v1", "proof.received.v1", "proof.decided.v1",
    "customer.merged.v1", "customer.unmerged.v1", "cost.recorded.v1",
})  # fmt: skip
"""Stands on the status topic, and no endpoint hears of it."""
BEFORE_SECONDS, AFTER_SECONDS = 2.0, 1.0
"""What is answered so shortly before a kill may be unknown to whoever was killed, or arrive so late."""


def check_webhooks(
    webhooks: Webhooks, wire: Wire, rows: DeliveryRows, findings: Findings
) -> dict[str, int]:
    """Find what is wrong with what was told by webhook; gives the figures of the whole."""
    figures = Counter[str](missing=0, foreign=0, inversions=0)
    heard: dict[str, dict[str, list[Heard]]] = defaultdict(lambda: defaultdict(list))
    for one in webhooks.heard:
        heard[one.name][one.id].append(one)
    for name in heard.keys() - {one.name for one in webhooks.endpoints}:
        findings.add("ghosts", f"{name} was told and is no endpoint", len(heard[name]))
    for endpoint in webhooks.endpoints:
        wanted = {event.id: event for event in wire.told if is_wanted(endpoint, event)}
        messages = heard[endpoint.name]
        figures["wanted"] += len(wanted)
        _check_told(endpoint, wanted, messages, figures, findings)
        figures.update(_check_again(endpoint, messages, webhooks, rows, findings))
        if endpoint.in_order:
            mine = [one for one in webhooks.heard if one.name == endpoint.name]
            _check_order(endpoint, wanted, mine, figures, findings)
        figures.update(check_books(endpoint, wanted, messages, rows, findings))
    figures["told"] = sum(one.was_taken for one in webhooks.heard)
    figures["refused"] = len(webhooks.heard) - figures["told"]
    return {f"webhooks_{name}": count for name, count in figures.items()}


def is_wanted(endpoint: Endpoint, event: Told) -> bool:
    """Whether an endpoint is to hear of it."""
    if event.type in KEPT_INSIDE or (endpoint.types and event.type not in endpoint.types):
        return False
    return not endpoint.branches or event.fact.get("branch") in endpoint.branches


def _check_told(
    endpoint: Endpoint,
    wanted: Mapping[str, Told],
    messages: Mapping[str, list[Heard]],
    figures: Counter[str],
    findings: Findings,
) -> None:
    for event, told in wanted.items():
        if not any(one.was_taken for one in messages.get(event, ())):
            figures["missing"] += 1
            findings.add("lost", f"{event} {told.type} never reached {endpoint.name}")
    for event, found in messages.items():
        if event in wanted:
            check_body(endpoint, wanted[event], found, findings)
        else:
            figures["foreign"] += 1
            what = f"{endpoint.name} was told {event}, which is not for it"
            findings.add("ghosts", what, len(found))


def _check_again(
    endpoint: Endpoint,
    messages: Mapping[str, list[Heard]],
    webhooks: Webhooks,
    rows: DeliveryRows,
    findings: Findings,
) -> Counter[str]:
    """What was taken comes again only where whoever told it was killed, or could wait no longer for the answer."""
    figures = Counter[str](again=0, unexcused=0)
    for event, tellings in messages.items():
        taken: Heard | None = None
        without_reason = 0
        for one in tellings:
            if taken is not None:
                figures["again"] += 1
                without_reason += not _was_cut_off(taken.at, webhooks.moments)
            taken = one if one.was_taken else taken
        row = rows.get((endpoint.id, event))
        unexcused = without_reason - (row.unanswered if row else 0)
        if unexcused > 0:
            figures["unexcused"] += unexcused
            what = f"{endpoint.name} took {event} and was told it again, though nobody died"
            findings.add("duplicated", what, unexcused)
    return figures


def _was_cut_off(at: float, moments: Sequence[Moment]) -> bool:
    return any(began - BEFORE_SECONDS <= at <= ended + AFTER_SECONDS for began, ended in moments)


def _check_order(
    endpoint: Endpoint,
    wanted: Mapping[str, Told],
    messages: Sequence[Heard],
    figures: Counter[str],
    findings: Findings,
) -> None:
    """What is taken of a subject for the first time is later than all that was taken of it before."""
    reached: dict[str, tuple[int, str]] = {}
    seen: set[str] = set()
    for one in messages:
        event = wanted.get(one.id)
        if event is None or not one.was_taken or one.id in seen:
            continue
        seen.add(one.id)
        before, first = reached.get(event.subject, (0, ""))
        if event.seq < before:
            figures["inversions"] += 1
            what = f"{endpoint.name} took {one.id} of {event.subject} after {first}"
            findings.add("reordered", what)
        else:
            reached[event.subject] = (event.seq, one.id)
