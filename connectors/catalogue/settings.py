"""What an export of a catalogue needs to be told: what its rows are, zone, columns."""

from typing import Literal, Self

from pydantic import model_validator

from connectors.sdk.cells import ColumnSettings

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


class Settings(ColumnSettings):
    """What one source needs to be told; a source has rows of one kind."""

    kind: Kind
    cover_type: Literal["full_replacement", "repair", "limited"] = "repair"
    """Of periods whose row does not say."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        self.check_columns(self.kind, FIELDS[self.kind])
        return self
