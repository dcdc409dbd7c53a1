"""Asking somebody outside before an event can be decided."""

from hub.domain.errors import UnavailableError
from hub.sdk.events import AskShop


class UnansweredError(UnavailableError):
    """What a rule needs has not been asked for yet: the ledger has it asked, and decides again."""

    def __init__(self, ask: AskShop, source: str) -> None:
        """Keep what to ask, and which source of the tenant knows it."""
        super().__init__(f"source {source!r} has not been asked yet")
        self.ask = ask
        self.source = source
