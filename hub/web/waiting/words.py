"""What was done about items, in words."""

from collections.abc import Mapping
from types import MappingProxyType

from hub.recovery.wishes import Acted

SAID: Mapping[str, str] = MappingProxyType(
    {
        "redrive.settled": "It was tried again and is settled. What waited behind it goes on.",
        "redrive.still-open": "It was tried again and failed again; the reason below is the new one.",
        "redrive.not-yet": "It is to be tried again. Its owner has not come to it yet.",
        "give-up.settled": "It is given up. What waited behind it goes on.",
        "give-up.still-open": "It is to be given up, and is still open: look again.",
        "give-up.not-yet": "It is to be given up. Its owner has not come to it yet.",
        "hold": "It is on hold until somebody releases it or retries it.",
        "release": "It is on hold no longer, and is tried when it is due.",
        "edit": "The new payload stands in its place; the original is kept. Try it with a dry run, then retry.",
        "original": "The payload is as it came again.",
        "unchanged": "Nothing was changed: the payload is what it was.",
        "note": "The note is kept.",
        "stop": "It is stopped: what was not tried yet is left as it is.",
        "continue": "It goes on.",
        "stop-replay": "It is to be stopped: what was translated again until then stays said.",
    }
)
OUTCOMES: Mapping[Acted, str] = MappingProxyType(
    {Acted.SETTLED: "settled", Acted.STILL_OPEN: "still-open", Acted.NOT_YET: "not-yet"}
)
