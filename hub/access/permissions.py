"""What a caller may be allowed to do, and who may do what."""

from enum import StrEnum

from hub.access.keys import Principal


class Permission(StrEnum):
    """`resource:action`."""

    SUBMIT_ACTIVATION = "activation:submit"
    READ_REQUEST = "request:read"
    READ_WARRANTY = "warranty:read"
    READ_TRACE = "trace:read"
    READ_AUDIT = "audit:read"


OF_OPERATORS = frozenset({Permission.READ_TRACE, Permission.READ_AUDIT})
"""The platform's own people look after the hub; they report nothing and own nothing."""


def may(principal: Principal, permission: Permission) -> bool:
    """Whether this caller has this permission."""
    return not principal.operator or permission in OF_OPERATORS
