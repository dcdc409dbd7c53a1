"""Who is calling, whatever proved it: a key or a person's session."""

from dataclasses import dataclass
from typing import Literal

from hub.access.permissions import Permission, Role
from hub.audit.entries import By


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller who has proved who it is."""

    tenant: str
    name: str
    """Also the name of the source that speaks when this principal reports something."""
    id: str
    """Of the key, or of the person (`usr_...`): what the audit names."""
    role: Role
    kind: Literal["key", "person"] = "key"
    scopes: frozenset[Permission] | None = None
    """What a key was narrowed to; None where it may do whatever its role may."""

    @property
    def operator(self) -> bool:
        """The platform's own people: they run the hub and hold no warranties in it."""
        return self.role is Role.OPERATOR

    @property
    def signature(self) -> str:
        """As whose work stands what they do: two tenants may both have a `shop`."""
        return f"{self.tenant}/{self.name}"

    @property
    def by(self) -> By:
        """As the audit names this caller."""
        return By(kind="operator" if self.operator else self.kind, id=self.id, role=self.role)

    def may(self, permission: Permission) -> bool:
        """Whether this caller has this permission: by its role, and within its scopes."""
        return self.role.may(permission) and (self.scopes is None or permission in self.scopes)
