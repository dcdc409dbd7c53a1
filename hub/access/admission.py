"""Everything by which a door knows callers, and how much each may ask."""

from dataclasses import dataclass

from hub.access import tokens
from hub.access.basic import BasicUsers
from hub.access.callers import Keys
from hub.access.errands import Errands
from hub.access.keyring import Keyring
from hub.access.keys import PREFIX, TEST
from hub.access.limits import Limits
from hub.access.passwords import Passwords
from hub.access.post import Wording
from hub.access.principals import Principal
from hub.access.sessions import Begun, PersonSessions
from hub.access.signing_in import SigningIn
from hub.access.tokens import TokenKeys
from hub.adapters.postgres import TenantDatabase


@dataclass(frozen=True, slots=True)
class Admission:
    """One door's knowledge of callers."""

    database: TenantDatabase
    keyring: Keyring
    keys: Keys
    sessions: PersonSessions
    token_keys: TokenKeys
    signing_in: SigningIn
    basic: BasicUsers
    limits: Limits
    errands: Errands
    mode: str

    async def bearer(self, token: str, *, fresh: bool = False) -> Principal | None:
        """Who shows this key or access token; None where nobody of ours does.

        `fresh` takes nobody for who he was a moment ago.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        if token.startswith(f"{PREFIX}_"):
            return await self.keys.principal(token, fresh=fresh)
        found = await self.session(token, fresh=fresh)
        return found[1] if found else None

    async def session(self, token: str, *, fresh: bool = False) -> tuple[str, Principal] | None:
        """The session of an access token, and whose it is, while it stands."""
        claims = await tokens.verified(self.token_keys, token)
        if claims is None:
            return None
        person = await self.sessions.stands(claims.tenant, claims.sid, fresh=fresh)
        # A role that has changed since takes a new token.
        is_same = person is not None and (person.id, person.role) == (claims.sub, claims.role)
        return (claims.sid, person) if person is not None and is_same else None

    async def access_token(self, begun: Begun) -> str:
        """What whoever has begun or renewed a session shows from now on."""
        signer = await self.token_keys.signer()
        return tokens.signed(signer, begun.person, begun.tenant, begun.role, begun.id)


def admission(
    database: TenantDatabase,
    keyring: Keyring,
    *,
    url: str = "",
    mode: str = TEST,
    remembered: float = 5.0,
) -> Admission:
    """The parts on one database; what was known `remembered` seconds ago is taken."""
    errands, passwords = Errands(), Passwords()
    return Admission(
        database=database,
        keyring=keyring,
        keys=Keys(database, errands, seconds=remembered, mode=mode),
        sessions=PersonSessions(database, seconds=remembered),
        token_keys=TokenKeys(database, keyring),
        signing_in=SigningIn(database, keyring, errands, Wording(url), passwords),
        basic=BasicUsers(database, passwords, errands, remembered),
        limits=Limits(database),
        errands=errands,
        mode=mode,
    )
