"""Under which serial the catalogue finds a claim that lacks a movement of stock, while it is to be decided."""

from msgspec.structs import replace

from hub.domain.claims.life import OPEN
from hub.domain.serials import name_value
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims.asking import STOCK_WANTED
from hub.processors.purchase.draft import Draft
from hub.sdk.decision import NameClaim, NameRelease


def watch_stock(draft: Draft, before: Claim, claim: Claim) -> None:
    """Hold the name that is right now, and let go of the one that was."""
    had, wants = _name(before), _name(claim)
    if had == wants:
        return
    if had is not None:
        _let_go(draft, had)
    if wants is not None:
        draft.names.append(NameClaim(STOCK_WANTED, wants, claim.id))


def over(draft: Draft, claim: Claim) -> None:
    """Wait for nothing any more."""
    watch_stock(draft, replace(claim, state="staged"), claim)


def _let_go(draft: Draft, value: str) -> None:
    now = [one for one in draft.names if (one.kind, one.value) == (STOCK_WANTED, value)]
    if now:
        # Taken by this very decision: it is as if that had never been.
        draft.names = [one for one in draft.names if one not in now]
    else:
        draft.names.append(NameRelease(STOCK_WANTED, value))


def _name(claim: Claim) -> str | None:
    lacks = "stock_movement" in claim.missing or any("stock_" in one for one in claim.blocked)
    if claim.serial_norm is None or not lacks or claim.state not in OPEN:
        return None
    return name_value(claim.serial_norm, claim.id)
