"""Turn what aiokafka raises into what the caller should do."""

from aiokafka.errors import KafkaError

from hub.sdk.failures import BrokerUnavailableError


class translated:  # noqa: N801 - reads as a phrase: `with translated():`
    """Raise ours from theirs."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise ours from theirs."""
        if isinstance(error, (KafkaError, OSError, TimeoutError)):
            raise BrokerUnavailableError(f"{type(error).__name__}: {error}") from error
