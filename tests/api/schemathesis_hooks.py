"""What schemathesis cannot know: how a time zone is called, and that a rule may refuse what is well-formed."""

import os
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import positive_data_acceptance

BY_RULE = frozenset(
    {"rejected", "given-up", "idempotency-key-reused", "invoice_refused", "given_up"}
)
"""422 for what is well-formed: the content contradicts itself or a rule, and `reasons` says how."""

KNOWN = {
    "warranty": (re.compile("wty_[a-z2-7]{16}_[0-9]{1,9}"), os.environ.get("KNOWN_WARRANTY", "")),
    "claim": (re.compile("clm_[a-z2-7]{16}_[0-9]{1,9}"), os.environ.get("KNOWN_CLAIM", "")),
}
"""What an id looks like, and one of something that is there: nobody guesses it."""
CHANGED = 412
FIRST, LAST = datetime(1950, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - the strategy adds a zone
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

schemathesis.openapi.format("iana-zone", st.sampled_from(sorted(available_timezones())))
schemathesis.openapi.format(
    "date-time",
    st.datetimes(FIRST, LAST, timezones=st.just(UTC) | OFFSETS).map(datetime.isoformat),
)


@schemathesis.hook
def before_call(
    _ctx: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]
) -> None:
    """Ask of something that is there wherever an id is well-formed; one that is not stays as it was made."""
    places: tuple[Any, ...] = (case.path_parameters, case.body)
    for place in places:
        for name, (shape, there) in KNOWN.items():
            found = place.get(name) if isinstance(place, dict) else None
            if there and isinstance(found, str) and shape.fullmatch(found):
                place[name] = there


@schemathesis.check
def well_formed_is_taken_or_refused_by_a_rule(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """As `positive_data_acceptance`, but a refusal by a rule is an answer too."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if response.status_code == 429:
            return None
        if response.status_code == 422 and _is_understood(response.json()):
            return None
        if response.status_code == CHANGED:
            # A version that was made up is not the one that stands there.
            return None
        raise


def _is_understood(problem: dict[str, Any]) -> bool:
    """Refused by a rule; or something was made up: a cursor, which only a page before can give, a password."""
    places = {error["pointer"] for error in problem.get("errors", ())}
    return problem["code"] in BY_RULE or places in ({"?cursor"}, {"#/password"})
