"""The states of claims in the words of other systems: one table, by which connectors read and write them.

What a vendor said is kept beside ours, so that it can be told back exactly as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from connectors.sdk.connector import untranslatable
from connectors.sdk.values import quoted
from schemas.events.claim import Denial, State

Vendor = Literal[
    "proign",
    "order_protection",
    "aftership",
    "idosell",
    "salesforce",
    "star",
    "service_power",
]
Value = str | int
"""A word or number of the vendor's. Behind a `+` stands what it says beside the state: that items of one
claim came to different ends (`APPROVED+mixed`), or that it is closed (`Approved+closed`)."""
TEMPORARILY_DISMISSED = "temporarily_dismissed"
PARTIAL = "PWA"
"""Of X12 element 1172: a part is granted."""
X12_1172: Mapping[Denial, str | None] = {
    "expired": "EW",
    "not_begun": "NEW",
    "cover_ended": "NEW",
    "not_covered": "NEW",
    "excluded": "NEW",
    "customer_damage": "CDR",
    "no_defect": "NDF",
    "unauthorised_repair": "UR",
    "wrong_owner": "NEW",
    "no_warranty": "NWR",
    "too_late": "SUB",
    "duplicate": "DC",
    "evidence_missing": "IIS",
    "other": None,
}
"""Why a claim was denied, as a supplier reads it in a 142 or 143; None where no code fits."""


class Row(NamedTuple):
    """One state in one vendor's words."""

    sent: str | None
    """What the vendor is told of it; None: it is not sent."""
    read: tuple[str, ...] = ()
    """What of the vendor's means it."""
    reasons: Mapping[str, str] = {}
    """Values that say more than the state does."""


UNSENT = Row(None)
TABLE: Mapping[Vendor, Mapping[State, Row]] = {
    "proign": {
        # It has five states: what is finer with us is told as the state that it is a part of.
        "staged": Row("submitted"),
        "submitted": Row("submitted", ("submitted",)),
        "under_review": Row("under_review", ("under_review",)),
        "awaiting_info": Row("under_review"),
        "approved": Row("approved", ("approved",)),
        "partially_approved": Row("approved"),
        "denied": Row("denied", ("denied",)),
        "resolved": Row("resolved", ("resolved",)),
        "cancelled": Row("resolved"),
    },
    "order_protection": {
        "staged": UNSENT,
        "submitted": Row("NEW", ("NEW",)),
        "under_review": Row(
            "OPEN",
            (
                *("OPEN", "COMMUNICATING", "WAITING_FOR_OP", "WAITING_FOR_BRAND"),
                "TEMPORARILY_DISMISSED",
            ),
            {"TEMPORARILY_DISMISSED": TEMPORARILY_DISMISSED},
        ),
        "awaiting_info": Row("WAITING_FOR_CUSTOMER", ("WAITING_FOR_CUSTOMER",)),
        "approved": Row("APPROVED", ("APPROVED",)),
        "partially_approved": Row("APPROVED+mixed", ("APPROVED+mixed",)),
        "denied": Row("DENIED", ("DENIED", "DISMISSED")),
        "resolved": Row("RESOLVED", ("RESOLVED", "RESOLVED_BY_BRAND", "CLOSED")),
        "cancelled": Row("ARCHIVED", ("ARCHIVED",)),
    },
    "aftership": {
        "staged": UNSENT,
        "submitted": Row("under_review"),
        "under_review": Row("under_review", ("under_review",)),
        "awaiting_info": Row("under_review"),
        "approved": Row("approved", ("approved", "in_process")),
        "partially_approved": Row("approved"),
        "denied": Row("rejected", ("rejected",)),
        "resolved": Row("completed", ("completed",)),
        "cancelled": Row("canceled", ("canceled",)),
    },
    "idosell": {
        "staged": Row("15", ("15",)),
        "submitted": Row("20", ("20",)),
        "under_review": Row("19", ("19", "4", "5", "6", "28")),
        "awaiting_info": Row("29", ("29",)),
        "approved": Row("10", ("10", "12", "13", "26", "27", "31", "34")),
        "partially_approved": UNSENT,
        "denied": Row("22", ("22", "23", "24", "7", "8", "9", "30")),
        "resolved": Row("11", ("11", "25")),
        "cancelled": Row("14", ("14", "17", "18")),
    },
    "salesforce": {
        "staged": Row("Draft", ("Draft",)),
        "submitted": Row("Submitted", ("Submitted",)),
        "under_review": Row("Under Review", ("Under Review", "Manual Review Needed")),
        "awaiting_info": Row("Requested Information", ("Requested Information",)),
        "approved": Row("Approved", ("Approved",)),
        "partially_approved": Row("Approved"),
        "denied": Row("Rejected", ("Rejected",)),
        "resolved": Row("Approved+closed", ("Approved+closed",)),
        "cancelled": UNSENT,
    },
    "star": {
        # The state comes as a number, as its text, or as the letter of an indicator.
        "staged": Row("0", ("0",)),
        "submitted": Row("1", ("1",)),
        "under_review": Row("2", ("2", "5", "Pending review")),
        "awaiting_info": Row("6", ("6", "R")),
        "approved": Row("8", ("8", "A")),
        "partially_approved": Row("9", ("9",)),
        "denied": Row("10", ("10", "D")),
        "resolved": Row("3", ("3",)),
        "cancelled": Row("4", ("4", "7")),
    },
    "service_power": {
        # Incomplete is with us what lacks its evidence, before anybody has looked at it.
        "staged": Row("I", ("I",)),
        "submitted": UNSENT,
        "under_review": Row("M", ("M", "D")),
        "awaiting_info": Row("I"),
        "approved": Row("S", ("S", "F")),
        "partially_approved": UNSENT,
        "denied": Row("R", ("R", "W")),
        "resolved": Row("P", ("P",)),
        "cancelled": UNSENT,
    },
}


@dataclass(frozen=True, slots=True)
class VendorState:
    """A state as the vendor said it, and as we call it."""

    vendor: Vendor
    value: Value
    """As it came, number or text."""
    state: State
    reason: str | None = field(default=None)

    @property
    def told_back(self) -> Value:
        """The vendor's own value for as long as the claim stands there."""
        return self.value


def _key(value: Value) -> str:
    """The form that two spellings of one value share."""
    return " ".join(str(value).split()).casefold()


def _read(rows: Mapping[State, Row]) -> dict[str, tuple[State, str | None]]:
    return {
        _key(value): (state, row.reasons.get(value))
        for state, row in rows.items()
        for value in row.read
    }


_READ = {vendor: _read(rows) for vendor, rows in TABLE.items()}


def from_vendor(vendor: Vendor, value: Value) -> VendorState:
    """What a vendor's value means.

    Raises:
        UntranslatableError: the vendor has no such value.

    """
    found = None if isinstance(value, bool) else _READ[vendor].get(_key(value))
    if found is None:
        values = ", ".join(values_of(vendor))
        message = (
            f"{quoted(str(value))} is no state of a claim that {vendor} is known to have; there are "
            f"{values}. Correct it at the source, or have the mapping extended"
        )
        raise untranslatable("claim_state_unknown", message)
    return VendorState(vendor, value, *found)


def to_vendor(vendor: Vendor, state: State | VendorState) -> Value | None:
    """What a vendor is told: its own value where it said the state itself; None where it is not sent."""
    if isinstance(state, VendorState) and state.vendor == vendor:
        return state.told_back
    ours = state.state if isinstance(state, VendorState) else state
    return TABLE[vendor][ours].sent


def values_of(vendor: Vendor) -> tuple[str, ...]:
    """Every value that a vendor may say."""
    return tuple(value for row in TABLE[vendor].values() for value in row.read)
