"""When something can have happened: not later than a day after we heard of it."""

from datetime import datetime, timedelta

from hub.domain.errors import reject

AHEAD = timedelta(hours=24)
"""How far a stated moment may run before its receipt: clocks and zones drift, years do not."""


def check_moment(verb: str, at: datetime, received_at: datetime) -> None:
    """Refuse what is said to have happened long after it was heard of.

    Raises:
        RejectedError: it did; the code names the verb.

    """
    if at - received_at > AHEAD:
        message = (
            f"{verb} at {at.isoformat()}, more than 24 h after its receipt at "
            f"{received_at.isoformat()}; correct the date, or the clock that wrote it"
        )
        raise reject(f"{verb}_in_future", message)
