"""Turn what aiokafka raises into what the caller should do."""

from aiokafka.errors import KafkaError

from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError


class translated:  # noqa: N801 - reads as a phrase: `with translated():`
    """Raise ours from theirs."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise ours from theirs."""
        if isinstance(error, (KafkaError, OSError, TimeoutError)):
            raise BrokerUnavailableError(f"{type(error).__name__}: {error}") from error


class nothing_sent:  # noqa: N801 - reads as a phrase: `with nothing_sent():`
    """Say of a broker that is away that it was given nothing yet."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise the more exact of the two."""
        if isinstance(error, BrokerUnavailableError):
            raise BrokerAwayError(str(error)) from error
