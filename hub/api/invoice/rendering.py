"""The published answers: from what was decided alone, so that a repeat hears the same bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from hub.api.answers import CONFLICTS, LATER, SOON, STATES, Reply
from hub.api.invoice.body import Invoice
from hub.api.invoice.faults import Fault, InvoiceError
from hub.domain.line_names import is_place, line_names
from hub.ledger.ask import State, Told
from hub.sdk.events import Outcome

LIST = "individualCustomerProductResponseList"
FIELDS = {
    "covered_until_before_sale": "warrantyExpireDate",
    "double_entry": "serialNumber",
    "line_repeated": "externalLineId",
    "serial_repeated": "serialNumber",
    "sold_in_future": "purchaseDate",
}
"""Which field of a line a rule speaks of, where it speaks of one."""
UNKNOWN_ORDER = "order_unknown"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a request by the names they have in the sale."""

    names: tuple[str, ...] = ()
    own: tuple[str | None, ...] = ()
    """As their sender calls them; None where he does not."""

    def of(self, name: str | None) -> tuple[int | None, str | None]:
        """The place of a line, and its sender's name of it."""
        if name in self.names:
            index = self.names.index(name)
            return index, self.own[index]
        return None, None if name is None or is_place(name) else name


def lines_of(invoice: Invoice) -> Lines:
    """The lines of an invoice."""
    own = [line.external_line_id for line in invoice.products]
    return Lines(tuple(line_names(own)), tuple(own))


def error(status: int, code: str, message: str, faults: Sequence[Fault] = ()) -> Reply:
    """An error as this API writes one; what is no line's has no index."""
    lines = [
        {"index": f.index, "lineId": f.line, "field": f.field, "code": f.code, "message": f.message}
        for f in faults
    ]
    return Reply(status, {"code": code, "message": message, "lines": lines})


def no_merchant() -> Reply:
    """Whether the merchant is nobody's or somebody else's: the answer is the same."""
    return error(404, "merchant_unknown", "there is no such merchant; correct the merchantCode")


def wrong(found: InvoiceError) -> Reply:
    """An invoice that cannot be read is no request of this API (400), else it is refused (422)."""
    status, code = (422, "invoice_refused") if found.readable else (400, "invoice_unreadable")
    return error(status, code, "nothing was registered; `lines` says what to correct", found.faults)


def warranties(told: Told) -> tuple[str, ...]:
    """The warranties whose integer ids an answer needs."""
    return tuple(one["id"] for one in _stored(told).get("warranties", ()))


def render(told: Told, lines: Lines, numbers: Mapping[str, int]) -> Reply:
    """What whoever sent or deleted an invoice is answered, first or again."""
    if told.state in (State.IN_FLIGHT, State.REUSED):
        return _undecided()
    match told.outcome:
        case Outcome.APPLIED | Outcome.DEDUPLICATED:
            return Reply(200, {LIST: list(_products(_stored(told), lines, numbers))})
        case Outcome.REJECTED:
            return _refused(_stored(told)["reasons"], lines)
        case Outcome.GIVEN_UP:
            return error(422, "given_up", str(_stored(told).get("reason") or "no reason was given"))
        case _:
            return _undecided(told.outcome)


def _products(
    stored: Mapping[str, Any], lines: Lines, numbers: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    for one in stored["warranties"]:
        _, line = lines.of(one["line"])
        yield {"id": numbers[one["id"]], "lineId": line}


def _refused(reasons: Sequence[Mapping[str, Any]], lines: Lines) -> Reply:
    codes = {reason["code"] for reason in reasons}
    faults = []
    for reason in reasons:
        index, own = lines.of(reason["line"]) if "line" in reason else (None, None)
        field = FIELDS.get(reason["code"]) if index is not None else None
        faults.append(Fault(field, reason["code"], reason["message"], index, own))
    message = "nothing was changed; `lines` says why"
    if codes == {UNKNOWN_ORDER}:
        return error(404, UNKNOWN_ORDER, reasons[0]["message"])
    if codes <= CONFLICTS:
        return error(409, "conflict", message, faults)
    return error(422, "invoice_refused", message, faults)


def _undecided(outcome: Outcome | None = None) -> Reply:
    """It is on its way: the same request again counts once, and hears what was decided."""
    state = STATES.get(outcome, "waiting") if outcome else "waiting"
    message = "it was taken in and is being decided; send the same request again to hear the answer"
    headers = SOON if outcome in (None, Outcome.EARLY) else LATER
    return Reply(202, error(202, state, message).document, dict(headers))


def _stored(told: Told) -> dict[str, Any]:
    stored = orjson.loads(told.answer) if told.answer else None
    return stored if isinstance(stored, dict) else {}
