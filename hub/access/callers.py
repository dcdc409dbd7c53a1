"""Systems that show a key: looked up, remembered for seconds, and written down where a key is over."""

import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from hub.access.errands import Errands
from hub.access.keys import LIVE, TEST, digest, parsed
from hub.access.permissions import Permission, Role
from hub.access.principals import Principal
from hub.access.tenants import ErasedTenantError
from hub.adapters.postgres import TenantDatabase
from hub.audit.entries import NOBODY, Entry, record

REMEMBERED = 1_000
REMEMBERED_SECONDS = 5.0
"""For so long a revoked key may still be taken."""
NOTED_SECONDS = 60.0
"""So often at most it is noted that a key is used, or that one is refused."""

WHOSE = """
select tenant, principal, hash, role, scopes, is_over, seconds, is_erased from hub_authenticate($1)
"""
USED = "select hub_key_used($1)"
NO_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    until: float
    principal: Principal


class Keys:
    """Knows callers by the key they show.

    Memory is by the whole key, so whoever has a part of one always waits for the same look-up.
    """

    def __init__(
        self,
        database: TenantDatabase,
        errands: Errands | None = None,
        *,
        seconds: float = REMEMBERED_SECONDS,
        mode: str = TEST,
    ) -> None:
        """Keys that were good are taken for `seconds` without asking again; only those of `mode`."""
        self._database = database
        self._errands = errands or Errands()
        self._seconds = seconds
        self._mode = mode
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._noted: OrderedDict[str, float] = OrderedDict()

    async def principal(self, token: str, *, fresh: bool = False) -> Principal | None:
        """Who shows this key; None where it is none of ours, or over. `fresh` asks whatever is known.

        Raises:
            StoreUnavailableError: it cannot be known now.
            ErasedTenantError: it was right, and its merchant was erased.

        """
        match = parsed(token)
        if match is None or (match["mode"] == LIVE) != (self._mode == LIVE):
            return None
        hashed, now = digest(token), time.monotonic()
        known = None if fresh else self._known.get(hashed)
        if known is not None and now < known.until and now - known.at <= self._seconds:
            principal: Principal | None = known.principal
        else:
            principal = await self._look(match["id"], hashed)
        if principal is not None:
            self._note_use(principal.id)
        return principal

    async def _look(self, key: str, hashed: bytes) -> Principal | None:
        asked_at = time.monotonic()
        rows = await self._database.fetch(WHOSE, key)
        row = rows[0] if rows else None
        # The same comparison, whether there is such a key or not.
        is_right = hmac.compare_digest(bytes(row["hash"]) if row else NO_HASH, hashed)
        if row is None or not is_right or row["is_over"]:
            self._known.pop(hashed, None)
            if row is not None:
                self._note_refusal(row["tenant"], key, "over" if is_right else "wrong secret")
            if row is not None and is_right and row["is_erased"]:
                raise ErasedTenantError(row["tenant"])
            return None
        principal = _principal(key, row)
        left = float("inf") if row["seconds"] is None else row["seconds"]
        self._known[hashed] = _Known(asked_at, asked_at + left, principal)
        self._known.move_to_end(hashed)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return principal

    def _note_use(self, key: str) -> None:
        if self._is_new(f"used/{key}"):

            async def note() -> None:
                await self._database.fetch(USED, [key])

            self._errands.add(note)

    def _note_refusal(self, tenant: str, key: str, why: str) -> None:
        if self._is_new(f"refused/{key}/{why}"):

            async def note() -> None:
                entry = Entry(
                    tenant=tenant,
                    action="key:refused",
                    subject=key,
                    by=NOBODY,
                    why=why,
                    origin="api",
                )
                async with self._database.speaking_for(tenant) as queries:
                    await record(queries, entry)

            self._errands.add(note)

    def _is_new(self, what: str) -> bool:
        """Whether nothing like it was noted within the last minute."""
        now = time.monotonic()
        if now - self._noted.get(what, float("-inf")) < NOTED_SECONDS:
            return False
        self._noted[what] = now
        self._noted.move_to_end(what)
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        return True


def _principal(key: str, row: Any) -> Principal:
    scopes = None if row["scopes"] is None else frozenset(map(Permission, row["scopes"]))
    return Principal(row["tenant"], row["principal"], key, Role(row["role"]), scopes=scopes)
