"""Which deliveries an address or a form means; pure.

In a list what cannot be meant is left out. Of what is to be sent again nothing is: less of a filter would be more of a
replay.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from hub.delivery.reading import OPEN, TEST_TYPE, Wanted
from hub.delivery.replay import MOST_IDS, Chosen, Settled
from hub.recovery.spot import NotPossibleError
from hub.web.waiting.asked import MAX_NUMBER, moment, number, word
from schemas.catalogue import BECAME

TYPES = (*sorted(one.TYPE for one in BECAME), TEST_TYPE)
STATES: tuple[Settled, ...] = get_args(Settled)
TABS = (
    ("", "All"),
    (OPEN, "Waiting"),
    ("dead", "Dead"),
    ("delivered", "Delivered"),
    ("skipped", "Skipped"),
)
ID = re.compile("ep_[0-9a-f]{20}")
MOMENT = "%Y-%m-%dT%H:%M:%S"
LEAST, MOST = 0.1, 10_000.0
"""Deliveries a second."""

Many = Mapping[str, str]
"""The fields of a form; of what may be said more than once, with commas between."""


def joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """An address' fields as a form has them."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: ",".join(filter(None, values)) for name, values in found.items()}


def wanted_of(asked: Many, endpoint: str | None) -> Wanted:
    """What a list is to show; `endpoint` is where the page is about one."""
    at, kind, state = endpoint or word(asked, "endpoint"), word(asked, "type"), word(asked, "state")
    return Wanted(
        endpoint=at if ID.fullmatch(at) else None,
        state=state if state in dict(TABS) and state else None,
        type=kind if kind in TYPES else None,
        subject=word(asked, "subject") or None,
        event=word(asked, "event") or None,
        since=_possible(asked, "since"),
        until=_possible(asked, "until"),
        before=number(word(asked, "before"), MAX_NUMBER),
    )


def fields_of(wanted: Wanted) -> dict[str, str]:
    """The fields by which a form asks for the same, from the first page on."""
    texts = {name: getattr(wanted, name) for name in ("endpoint", "state", "type", "subject")}
    texts |= {"event": wanted.event}
    return _said(texts, wanted.since, wanted.until)


def chosen_of(sent: Many) -> Chosen:
    """What is to be sent again.

    Raises:
        NotPossibleError: some of it cannot be meant.

    """
    picked = [number(one.strip()) for one in _parts(sent, "delivery")]
    if "picked" in sent and not picked:
        raise NotPossibleError(
            "nothing was picked: go back and pick some deliveries, or choose below"
        )
    if None in picked or len(picked) > MOST_IDS:
        message = f"pick deliveries by their numbers, {MOST_IDS} of them at most"
        raise NotPossibleError(message)
    at, kind = word(sent, "endpoint"), word(sent, "type")
    if at and not ID.fullmatch(at):
        raise NotPossibleError("there is no such endpoint; choose one of those there are")
    if kind and kind not in TYPES:
        raise NotPossibleError("there is no such type of event; choose one of those there are")
    since, until = moment(sent, "since"), moment(sent, "until")
    if since and until and since >= until:
        raise NotPossibleError("`since` is not before `until`, so nothing would fit")
    return Chosen(
        states=_states(sent, is_picked=bool(picked)),
        endpoint=at or None,
        deliveries=[one for one in picked if one is not None] or None,
        type=kind or None,
        subject=word(sent, "subject") or None,
        since=since,
        until=until,
    )


def fields_of_chosen(chosen: Chosen) -> dict[str, str]:
    """The fields by which a form asks for the same."""
    texts = {name: getattr(chosen, name) for name in ("endpoint", "type", "subject")}
    texts |= {"state": ",".join(chosen.states)}
    texts |= {"delivery": ",".join(map(str, chosen.deliveries or ()))}
    return _said(texts, chosen.since, chosen.until)


def rate_of(sent: Many) -> float | None:
    """How many a second at each endpoint; None where its own rate is to count.

    Raises:
        NotPossibleError: it is no rate.

    """
    text = word(sent, "rate").replace(",", ".")
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not LEAST <= rate <= MOST:
        message = f"a rate is between {LEAST:g} and {MOST:g} a second; leave it empty for the endpoint's own"
        raise NotPossibleError(message)
    return rate


def query(said: Mapping[str, str], seat_query: str, **more: str) -> str:
    """The same as the query of an address."""
    whole = "&".join(part for part in (urlencode({**said, **more}), seat_query) if part)
    return f"?{whole}" if whole else ""


def _states(sent: Many, *, is_picked: bool) -> list[Settled]:
    """Those that were named; else whatever was picked, or the dead."""
    named = _parts(sent, "state")
    if not named:
        return list(STATES) if is_picked else ["dead"]
    found = [one for one in STATES if one in named]
    if len(found) != len(set(named)):
        message = "only what is dead, delivered or skipped can be sent again; what waits is tried by itself"
        raise NotPossibleError(message)
    return found


def _parts(sent: Many, name: str) -> list[str]:
    text = sent.get(name, "").replace("\0", "")
    return [part for part in text.split(",") if part]


def _possible(asked: Many, name: str) -> datetime | None:
    try:
        return moment(asked, name)
    except NotPossibleError:
        return None


def _said(
    texts: Mapping[str, str | None], since: datetime | None, until: datetime | None
) -> dict[str, str]:
    times = {"since": since, "until": until}
    return {name: text for name, text in texts.items() if text} | {
        name: at.strftime(MOMENT) for name, at in times.items() if at
    }
