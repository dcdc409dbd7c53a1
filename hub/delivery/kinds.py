"""Kinds of endpoints: what an address of each is, and what it can be told. A new kind is a line here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hub.delivery.egress import Target
from hub.domain.errors import HubError
from hub.domain.mailboxes import NoMailboxError, mailbox
from hub.domain.messages.composing import TELLING
from schemas.catalogue import BECAME
from schemas.policies.messages import Occasion

KindName = Literal["http", "mail"]
Ordering = Literal["none", "per_subject"]


class UnfitError(HubError):
    """No endpoint of that kind is like that; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked of an endpoint before anything is delivered to it."""

    check: Callable[[str], object]
    """Raises HubError where that is no address of this kind."""
    can_tell: frozenset[str]
    tells: tuple[str, ...] = ()
    """Where nobody chose; every type there is, or will be, where this is empty."""
    ordering: Ordering = "none"
    """Unless something else is asked for."""
    signs: bool = True
    """Whether its receiver verifies by secrets."""

    def check_types(self, types: Sequence[str]) -> None:
        """Refuse what it cannot tell of.

        Raises:
            UnfitError: with what there is.

        """
        for one in types:
            if one not in self.can_tell:
                there = ", ".join(sorted(self.can_tell))
                raise UnfitError(f"it cannot be told of {one!r}; there are {there}")


def _check_mailbox(address: str) -> None:
    try:
        mailbox(address)
    except NoMailboxError as error:
        message = f"customers are answered at this address, and {error}"
        raise UnfitError(message) from error


KINDS: Mapping[str, Kind] = {
    "http": Kind(Target.of, frozenset(fact.TYPE for fact in BECAME)),
    "mail": Kind(
        _check_mailbox,
        frozenset(get_args(Occasion)),
        TELLING,
        # Whoever reads that it was accepted should have read before that it was looked at.
        ordering="per_subject",
        signs=False,
    ),
}


def kind_of(name: str) -> Kind:
    """The kind of that name.

    Raises:
        UnfitError: there is none.

    """
    found = KINDS.get(name)
    if found is None:
        raise UnfitError(f"there is no kind {name!r}; there are {', '.join(KINDS)}")
    return found
