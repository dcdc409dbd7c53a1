"""What an export of a service centre needs to be told: what its rows are, zone, columns."""

from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.sdk.cells import ColumnSettings

Kind = Literal["claims", "outcomes"]
FIELDS: dict[Kind, tuple[str, ...]] = {
    "claims": (
        *("reference", "warranty", "serial", "issue", "filed_at", "incident_on", "preferred"),
        *("invoice", "description", "email", "phone", "name"),
    ),
    "outcomes": ("effect", "state", "at", "reference", "serial", "cost", "note"),
}
"""What a row may say, by what rows are; under its own name, unless a map says otherwise."""
NEEDED: dict[Kind, tuple[str, ...]] = {
    "claims": ("reference", "issue", "filed_at"),
    "outcomes": ("effect", "state", "at"),
}
PERSONAL = frozenset({"description", "email", "phone", "name", "note"})
"""What is never shown of a row."""


class Settings(ColumnSettings):
    """What one source needs to be told; a source has rows of one kind."""

    kind: Kind
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    """Of costs that name none."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        self.check_columns(self.kind, FIELDS[self.kind])
        return self
