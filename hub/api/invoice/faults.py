"""What is wrong with an invoice, place by place, in the names its sender uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.errors import RejectedError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and what to do about it. Without an index it is no line's."""

    field: str | None
    code: str
    message: str
    index: int | None = None
    line: str | None = None
    """The sender's own name of the line."""


class InvoiceError(Exception):
    """An invoice that is refused whole, with every reason."""

    def __init__(self, faults: Sequence[Fault], *, readable: bool) -> None:
        """Keep the faults; `readable` says that its form is right and only what it says is not."""
        super().__init__(", ".join(sorted({fault.code for fault in faults})))
        self.faults = tuple(faults)
        self.readable = readable


def found(
    error: RejectedError, field: str, index: int | None = None, line: str | None = None
) -> list[Fault]:
    """What a rule found wrong in that place."""
    return [Fault(field, r.code, r.message, index, line) for r in error.reasons]
