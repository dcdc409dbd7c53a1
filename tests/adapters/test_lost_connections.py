"""Whatever the client says when its server ends under it: forget the connection, wait, ask again."""

import asyncpg
import pytest

from hub.adapters.postgres.database import translated
from hub.sdk.failures import StoreUnavailableError


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation is in progress"),
        ConnectionResetError("by peer"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_is_lost_is_a_store_that_is_away(error: Exception) -> None:
    with pytest.raises(StoreUnavailableError, match=type(error).__name__), translated():
        raise error
