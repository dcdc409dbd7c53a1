"""Asking the hub on behalf of a caller: under its key, and with what it is told when nobody answers."""

from collections.abc import Callable, Coroutine

from starlette.requests import Request
from starlette.responses import Response

from hub.api.answers import LATER, path_of, reply
from hub.api.idempotency import HEADER, REPLAYED, as_header, key_of
from hub.api.problems import BROKER_AWAY, OUTCOME_UNKNOWN, STORE_AWAY, ProblemError
from hub.ledger.ask import Asker, Told
from hub.ledger.submit import Submission
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError, StoreUnavailableError

Make = Callable[[str], Coroutine[None, None, Submission]]
"""What is asked, under which key."""


async def asked(request: Request, asker: Asker, make: Make) -> Response:
    """Ask under the caller's key, and answer with what was decided."""
    key = key_of(request.headers.getlist(HEADER))
    headers = {HEADER: as_header(key)}
    try:
        told = await _ask(asker, await make(key))
        if told.replayed:
            headers[REPLAYED] = "true"
        response = reply(told).response()
    except ProblemError as error:
        error.headers |= headers
        raise
    response.headers.update(headers)
    return response


async def _ask(asker: Asker, one: Submission) -> Told:
    here = {"Location": path_of(one.request)}
    try:
        return await asker.ask(one)
    except StoreUnavailableError as error:
        detail = "nothing was sent, as our store does not answer; repeat it in a few seconds"
        raise STORE_AWAY.error(detail, LATER) from error
    except BrokerAwayError as error:
        detail = "nothing was sent, as our event log does not answer; repeat it in a few seconds"
        raise BROKER_AWAY.error(detail, LATER) from error
    except BrokerUnavailableError as error:
        detail = (
            "it was sent and nobody confirmed it; repeat it with the same Idempotency-Key, "
            f"which counts once, or ask at {here['Location']}"
        )
        raise OUTCOME_UNKNOWN.error(detail, here | LATER, request=one.request) from error
