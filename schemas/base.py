"""What every fact on a topic has in common: tolerant when read, frozen once built."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""A reference or label of an outside system, kept as given but for surrounding blanks."""


class Part(BaseModel):
    """A piece of a fact. Unknown fields are ignored, so a newer publisher can talk to older code."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Fact(Part):
    """Something that happened, in our words. `TYPE` is the CloudEvents type, version included."""

    TYPE: ClassVar[str]
