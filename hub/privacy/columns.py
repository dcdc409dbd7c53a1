"""Every column in which something stands sealed with a tenant's key. A test finds those left out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed bodies, in a table with a column `tenant`."""

    table: str
    column: str
    many: bool = False
    """Whether a row has several."""

    @property
    def values(self) -> str:
        """The sealed bodies of a row, as an array."""
        return self.column if self.many else f"array[{self.column}]"


SEALED = (
    Sealed("contact", "sealed"),
    Sealed("item", "sealed"),
    Sealed("item", "original"),
    Sealed("letter", "sealed"),
    Sealed("enrichment", "sealed"),
    Sealed("privacy_request", "sealed"),
    Sealed("source", "secrets", many=True),
    Sealed("source", "token"),
    Sealed("person", "email"),
    Sealed("mail", "sealed"),
    Sealed("endpoint_secret", "shared"),
    Sealed("endpoint_secret", "private"),
    Sealed("media", "sealed"),
)
NOT_SEALED = frozenset(
    {
        ("contact", "digest"),
        ("ledger", "body"),
        ("landing", "body"),
        ("api_key", "hash"),
        ("enrichment", "body"),
        ("audit_entry", "prev"),
        ("audit_entry", "hash"),
        ("tenant_key", "wrapped"),
        ("token_key", "sealed"),
        ("audit_chain", "hash"),
        ("audit_chain", "head_hash"),
        ("audit_head", "hash"),
        ("audit_head", "previous"),
        ("audit_head", "signature"),
        ("refresh_token", "hash"),
        ("single_use", "hash"),
        ("limit_rate", "bucket"),
    }
)
"""Columns of bytes that are hashes, logs without personal data, or keys: of the hub itself, whose own stays."""
