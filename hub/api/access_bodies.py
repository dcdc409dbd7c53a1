"""What is asked and answered about signing in, people and keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.access.keys import PREFIX as KEY
from hub.access.passwords import LONGEST, SHORTEST
from hub.access.permissions import PERSONS, SYSTEMS, Permission, Role
from hub.api.bodies import BLANK, STRICT, VISIBLE, whole

Tenant = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
Email = Annotated[
    str,
    Field(
        min_length=3,
        max_length=254,
        pattern=rf'^[^@{BLANK},;<>"]{{1,64}}@[^@{BLANK},;<>"]{{1,189}}$',
    ),
]
Shown = Annotated[str, Field(min_length=1, max_length=LONGEST)]
"""A password that is tried: whatever its length was when it was chosen."""
Chosen = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Token = Annotated[str, Field(min_length=1, max_length=200, pattern="^[!-~]+$")]
PersonRole = Literal[PERSONS]  # type: ignore[valid-type]
SystemRole = Literal[SYSTEMS]  # type: ignore[valid-type]


def _example(example: dict[str, str]) -> ConfigDict:
    return STRICT | ConfigDict(json_schema_extra={"examples": [dict(example)]})


class Login(BaseModel):
    """Who wants to sign in."""

    model_config = _example(
        {"tenant": "acme", "email": "ada@example.org", "password": "a sentence nobody guesses"}
    )

    tenant: Tenant
    email: Email
    password: Shown


class Refresh(BaseModel):
    """The refresh token of the answer before."""

    model_config = _example({"refresh_token": "whr_acme_v1m6BVZ0c8Zl3vTq"})

    refresh_token: Token


class Forgot(BaseModel):
    """Whose password is forgotten."""

    model_config = _example({"tenant": "acme", "email": "ada@example.org"})

    tenant: Tenant
    email: Email


class Reset(BaseModel):
    """A password for whoever holds the token of a mail."""

    model_config = _example(
        {"token": "whs_acme_v1m6BVZ0c8Zl3vTq", "password": "a sentence nobody guesses"}
    )

    token: Token
    password: Chosen
    """12 to 200 characters; long is better than strange."""


class Invited(BaseModel):
    """Somebody who is to be added."""

    model_config = _example({"email": "ada@example.org", "role": "sales_staff"})

    email: Email
    role: PersonRole


class NewRole(BaseModel):
    """What somebody is from now on."""

    model_config = _example({"role": "warranty_manager"})

    role: PersonRole


class NewKey(BaseModel):
    """A key that is to be given out."""

    model_config = _example({"principal": "till-4", "role": "integration"})

    principal: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    """Who will hold it; the source of what it reports."""
    role: SystemRole = Role.INTEGRATION
    scopes: Annotated[list[Permission], Field(min_length=1, max_length=50)] | None = None
    """Fewer permissions than the role has; all of them where absent."""
    days: Annotated[int, Field(ge=1, le=3_650), BeforeValidator(whole)] | None = None
    """It ends by itself after so many."""


class Tokens(BaseModel):
    """What to show from now on."""

    access_token: str
    """`Authorization: Bearer`, for `expires_in` seconds."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind, not a secret
    expires_in: int
    refresh_token: str
    """Brings the next pair, once; shown again, it ends the session."""


class Self(BaseModel):
    """Who calls, and what they may do."""

    id: str
    kind: Literal["person", "key"]
    name: str
    tenant: str
    role: Role
    permissions: list[Permission]


class ShownPerson(BaseModel):
    """Somebody of the merchant."""

    id: str
    role: Role
    state: Literal["invited", "active", "inactive"]
    email: str
    created_at: datetime
    changed_at: datetime


class ListedPeople(BaseModel):
    """Which of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, Field(pattern="^usr_[0-9a-f]{24}$")] | None = None
    """From the page before."""


class People(BaseModel):
    """People of the merchant, in the order in which they came."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    people: list[ShownPerson]
    cursor: str | None
    """Of the next page; null where there is none."""


class ShownKey(BaseModel):
    """A key, without its secret."""

    id: str
    principal: Annotated[str, Field(pattern=VISIBLE)]
    role: Role
    scopes: list[Permission] | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    """Some minute in which it was used last."""
    revoked_at: datetime | None


class GivenKey(ShownKey):
    """A key that was just given out."""

    key: Annotated[str, Field(pattern=f"^{KEY}_")]
    """Shown now and never again."""


class KeyList(BaseModel):
    """Every key of the merchant."""

    keys: list[ShownKey]
