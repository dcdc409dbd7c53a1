"""Passwords: what one may be, and their argon2 hashes, made beside the loop and a few at a time."""

import asyncio
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from hub.domain.errors import HubError

SHORTEST, LONGEST = 12, 200
AT_ONCE = 2
"""Each takes 19 MiB and a core for some ten milliseconds."""
TIMES, KIBIBYTES, LANES = 2, 19_456, 1
"""What OWASP asks of argon2id at least."""
COMMON = 4
"""So many different characters a password has at least."""


class PasswordError(HubError):
    """No such password can be chosen; the message says what can, and never what was tried."""


def check(password: str, email: str = "") -> None:
    """Return where a password may be chosen.

    Raises:
        PasswordError: with what to choose instead.

    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"choose a password of {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < COMMON:
        raise PasswordError("choose a password of more than three different characters")
    name = email.partition("@")[0].casefold()
    if email and password.casefold() in (email.casefold(), name):
        raise PasswordError("choose a password that is not your e-mail address")


class Passwords:
    """Hashes and compares; whoever is unknown costs as much as whoever is known."""

    def __init__(self) -> None:
        """Nothing is hashed before it is needed."""
        self._free = asyncio.Semaphore(AT_ONCE)

    async def hashed(self, password: str) -> str:
        """What is kept of a password."""
        async with self._free:
            return await asyncio.to_thread(_hasher().hash, password)

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether this is the password of a hash; without one, the same work and no."""
        async with self._free:
            same = await asyncio.to_thread(_verify, password[:LONGEST], kept or _nobodys())
        return same and kept is not None and len(password) <= LONGEST


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(time_cost=TIMES, memory_cost=KIBIBYTES, parallelism=LANES),))


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has, for whom nobody is."""
    return _hasher().hash("nobody's password, only ever compared with")


def _verify(password: str, kept: str) -> bool:
    try:
        return _hasher().verify(password, kept)
    except UnknownHashError:
        return False
