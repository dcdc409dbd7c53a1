"""What to do when Postgres or Kafka does not answer a command."""

from urllib.parse import urlsplit

from pydantic import ValidationError

from hub.domain.errors import HubError
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.settings import Settings

DEMO = "is it up, and is that where it is? Beside the demo run `. .hub/demo.env` first"


def sentence(error: HubError) -> str:
    """What an error says; where a server did not answer, where that was and what to do."""
    text = str(error)
    if error.__cause__ is None:
        # One of ours that says already what to do.
        return text
    try:
        settings = Settings()
    except ValidationError:
        return text
    match error:
        case StoreUnavailableError(__cause__=OSError()):
            where = _address(settings.postgres.get_secret_value())
            return f"Postgres does not answer at {where} (HUB_POSTGRES): {DEMO} ({text})"
        case BrokerUnavailableError():
            return f"Kafka does not answer at {settings.kafka} (HUB_KAFKA): {DEMO} ({text})"
        case _:
            return text


def _address(dsn: str) -> str:
    """Host and port alone: what stands before them may be a password."""
    return urlsplit(dsn).netloc.rpartition("@")[2] or "its socket"
