"""What an export of a catalogue needs to be told: what its rows are, zone, columns."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.sdk.values import Mark, SlashDates
from schemas.events.parts import Zone

Kind = Literal["products", "categories", "stock"]
COVER = ("months", "cover_type", "extended_months", "extended_type", "transferable")
SUPPLIER = ("code", "name", "months", "claim_days", "needs_serial")
FIELDS: dict[Kind, tuple[str, ...]] = {
    "products": (
        *("code", "name", "described_at", "brand", "category", *COVER),
        *(f"supplier_{name}" for name in SUPPLIER),
        *("documents", "support"),
    ),
    "categories": ("code", "described_at", "name", *COVER),
    "stock": ("reference", "product", "branch", "quantity", "moved_at", "reason", "serials"),
}
"""What a row may say, by what rows are; under its own name, unless a map says otherwise."""
NEEDED: dict[Kind, tuple[str, ...]] = {
    "products": ("code", "name", "described_at"),
    "categories": ("code", "described_at"),
    "stock": ("reference", "product", "branch", "quantity", "moved_at"),
}


class Settings(BaseModel):
    """What one source needs to be told; a source has rows of one kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    zone: Zone
    """Of the local times."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which column holds what."""
    cover_type: Literal["full_replacement", "repair", "limited"] = "repair"
    """Of periods whose row does not say."""
    decimal: Mark | None = None
    slash_dates: SlashDates | None = None
    encoding: str | None = None
    delimiter: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_column(cls, given: object) -> object:
        """A map says `code=Article`; several columns for one field make no sense here."""
        if isinstance(given, dict) and isinstance(given.get("columns"), dict):
            columns = given["columns"].items()
            one = {
                k: v[0] if isinstance(v, list | tuple) and len(v) == 1 else v for k, v in columns
            }
            return {**given, "columns": one}
        return given

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = sorted(set(self.columns) - set(FIELDS[self.kind]))
        if unknown:
            known = ", ".join(FIELDS[self.kind])
            raise ValueError(f"unknown field {', '.join(unknown)}; a map of {self.kind}: {known}")
        return self

    def column(self, field: str) -> str:
        """The column of a field."""
        return self.columns.get(field, field)
