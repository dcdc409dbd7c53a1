"""What a port may raise, named by what the caller should do."""

from hub.domain.errors import HubError


class StoreUnavailableError(HubError):
    """The store did not answer, or its answer is unknown: forget the claim, wait, claim again."""


class DecideAgainError(HubError):
    """Somebody else moved first (a name, a row): throw the batch away, load, decide again."""


class DataRefusedError(HubError):
    """The store refuses the data itself (SQLSTATE 22 and 23): find the one event, set it aside."""

    def __init__(self, sqlstate: str, message: str) -> None:
        """Keep the five-character SQLSTATE beside what the store said."""
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = sqlstate


class BrokerUnavailableError(HubError):
    """Kafka did not answer or did not acknowledge: nothing may be assumed of what was sent."""


class BrokerAwayError(BrokerUnavailableError):
    """Kafka did not answer before anything was handed to it: nothing was sent."""


AWAY = (StoreUnavailableError, BrokerUnavailableError, DecideAgainError)
"""What a process that runs on waits for and then begins again."""
