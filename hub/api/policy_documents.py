"""What the API answers about policies and the map of setting up."""

from datetime import datetime
from typing import Any

from hub.api.documents import Document


class Author(Document):
    """Who did it: an id, never a name."""

    kind: str
    id: str
    role: str


class PublishedVersion(Document):
    """A version without its document."""

    number: int
    effective_from: datetime
    hash: str
    published_at: datetime
    by: Author
    why: str


class PolicyVersionDocument(PublishedVersion):
    """A version with its document."""

    name: str
    document: dict[str, Any]


class PolicyDocument(Document):
    """A policy: what is in force now, and every version there is."""

    name: str
    in_force: PolicyVersionDocument | None
    """Null where none has begun yet."""
    versions: list[PublishedVersion]


class PolicyLine(Document):
    """A policy in a list."""

    name: str
    in_force: int | None
    """The number of the version that counts now."""
    last: int
    """The number of the last version, which may still be to begin; 0 where there is none."""


class PolicyList(Document):
    """Every policy a merchant can have, whether it has it or not."""

    policies: list[PolicyLine]


class Changed(Document):
    """A place of the document that differs."""

    pointer: str
    before: Any
    after: Any
    line: str
    """The same for people."""


class PolicyDiff(Document):
    """What differs between two versions."""

    name: str
    earlier: int
    later: int
    changes: list[Changed]


class Lacking(Document):
    """Something that has still to be settled before a merchant goes live."""

    pointer: str
    message: str


class Setup(Document):
    """The map of setting up as it is in force, and what a merchant still lacks."""

    map: dict[str, Any]
    """Where nothing was published, the defaults."""
    version: int
    """0 for the defaults."""
    last: int
    missing: list[Lacking]
    live_since: datetime | None
