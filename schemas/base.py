"""What every fact on a topic has in common: tolerant when read, frozen once built."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: Postgres stores no NUL, and keys are joined by a separator of their kind."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=PRINTABLE),
]
"""A reference or label of an outside system, kept as given but for surrounding blanks."""


class Part(BaseModel):
    """A piece of a fact. Unknown fields are ignored, so a newer publisher can talk to older code."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Fact(Part):
    """Something that happened, in our words. `TYPE` is the CloudEvents type, version included."""

    TYPE: ClassVar[str]
    SPEAKS: ClassVar[bool] = False
    """Whether it may have `words` that somebody wrote: like a contact, they leave the event before any decision."""

    def speaks_of(self, source: str) -> str | None:  # noqa: ARG002 - a fact that speaks may know better
        """What its words are about, where it is known: who asks to be forgotten is found by that."""
        return None
