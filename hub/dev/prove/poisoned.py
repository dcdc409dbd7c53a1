"""Events that can never be decided, in every way there is."""

from collections.abc import Callable
from dataclasses import replace

from hub.dev.crash.tally.events import Counted, counted, headers


def _cut_off(key: str) -> Counted:
    event = counted(key, 1)
    return replace(event, value=event.value[:-3])


def _without_a_number(key: str) -> Counted:
    return replace(counted(key, 1), value=b'{"key": "k", "n": "many"}')


def _of_a_stranger(key: str) -> Counted:
    return replace(counted(key, 1), headers=headers(f"{key}/1", tenant="nobody-we-know"))


def _of_no_type(key: str) -> Counted:
    return replace(counted(key, 1), headers=headers(f"{key}/1", kind="tally.unheard_of.v1"))


def _without_an_envelope(key: str) -> Counted:
    return replace(counted(key, 1), headers=[])


def _breaks_our_code(key: str) -> Counted:
    return counted(key, 1, needs="broken")


def _refused_by_postgres(key: str) -> Counted:
    return counted(key, 1, note="\x00")


_WAYS: dict[str, Callable[[str], Counted]] = {
    "cut_off": _cut_off,
    "without_a_number": _without_a_number,
    "of_a_stranger": _of_a_stranger,
    "of_no_type": _of_no_type,
    "without_an_envelope": _without_an_envelope,
    "breaks_our_code": _breaks_our_code,
    "refused_by_postgres": _refused_by_postgres,
}
KINDS = tuple(_WAYS)


def poisoned(key: str, kind: str) -> Counted:
    """An event of one of the kinds; it holds a key of its own, if any."""
    return replace(_WAYS[kind](key), poison=kind)
