"""What a till needs to be told apart from its records: zone, words, columns of its exports."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.sdk import SettingsError
from connectors.sdk.values import Mark, SlashDates
from schemas.base import Name
from schemas.events.parts import Zone

FIELDS = {
    "order": "receipt or order number; several columns where one alone is not unique",
    "sold_at": "local day and time of the row, or an instant with an offset",
    "type": "a word that tells sales from returns; without it a negative quantity is a return",
    "original_order": "on a return: the order that is returned, where `order` is the return's own",
    "line": "line number within the order; counted where absent",
    "product_code": "the merchant's code",
    "product_brand": "",
    "product_name": "",
    "quantity": "units; 1, or as many as there are serials, where absent",
    "serials": "serial numbers, kept as text",
    "price": "amount, perhaps with a currency sign",
    "currency": "ISO 4217 code",
    "months": "months of coverage sold with the line",
    "covered_until": "last covered day, where the source knows it",
    "branch": "",
    "till": "",
    "seller": "",
    "customer_name": "",
    "customer_email": "",
    "customer_phone": "",
}
NEEDED = ("order", "sold_at")
REFERENCES = frozenset({"order", "original_order"})
SALE_WORDS = ("sale", "sales", "sat\u0131ş", "verkauf", "vente", "venta")
QUIET_WORDS = ("heartbeat", "test", "opening", "closing")
RETURN_WORDS = ("return", "refund", "iade", "retoure", "rückgabe", "retour", "devolución")

OrderPart = Literal["branch", "till", "date", "number"]


class Settings(BaseModel):
    """What one source needs to be told; the names are those of the map file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: Zone
    """Of the local times, and of the dates of coverage."""
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    namespace: Name = "till"
    """Sources that share the merchant's order numbers share a namespace."""
    currency: str | None = None
    decimal: Mark | None = None
    """The decimal mark; seen from each number, where that is possible, when absent."""
    slash_dates: SlashDates | None = None
    serial_separator: str | None = None
    order_parts: tuple[OrderPart, ...] = Field(("branch", "till", "date", "number"), min_length=1)
    """What of a ticket makes its order reference; the same, in the same order, as the columns that
    an export of the same till maps to `order`."""
    sale_words: tuple[str, ...] = SALE_WORDS
    return_words: tuple[str, ...] = RETURN_WORDS
    quiet_words: tuple[str, ...] = QUIET_WORDS
    """Types of tickets that say nothing a warranty depends on."""
    encoding: str | None = None
    delimiter: str | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _lists(cls, columns: object) -> object:
        if not isinstance(columns, Mapping):
            return columns
        unknown = sorted(set(columns) - set(FIELDS))
        if unknown:
            fields = ", ".join(FIELDS)
            message = f"unknown field {', '.join(unknown)}; a map may name {fields}"
            raise ValueError(message)
        return {k: (v,) if isinstance(v, str) else v for k, v in columns.items()}

    @cached_property
    def sales(self) -> frozenset[str]:
        """The words for a sale as they are compared."""
        return frozenset(map(comparable, self.sale_words))

    @cached_property
    def quiet(self) -> frozenset[str]:
        """The words for a ticket without meaning as they are compared."""
        return frozenset(map(comparable, self.quiet_words))

    @cached_property
    def returns(self) -> frozenset[str]:
        """The words for a return as they are compared."""
        return frozenset(map(comparable, self.return_words))


def configure(document: Mapping[str, Any]) -> Settings:
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError("; ".join(sentences(error))) from error


def sentences(error: ValidationError) -> Iterator[str]:
    for found in error.errors():
        where = ".".join(map(str, found["loc"]))
        if found["type"] == "missing":
            yield (
                f"{where} is missing; say it in the map or as --{where},"
                f" to `hub source set` as --option {where}=…"
            )
        else:
            yield f"{where}: {found['msg']}"


def comparable(text: str) -> str:
    """Turkish capitals fold to a dotted and a dotless i; for comparing they are one letter."""
    return text.strip().casefold().replace("\u0307", "").replace("\u0131", "i")
