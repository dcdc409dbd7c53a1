"""A row of a file whose columns may have any name: what its cells say, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.sdk.connector import FileRecord, UntranslatableError, untranslatable
from connectors.sdk.facts import of_field
from connectors.sdk.tables import read_rows
from connectors.sdk.values import Mark, SlashDates, quoted, read_count, read_instant
from schemas.events.parts import Zone

YES = frozenset({"1", "yes", "true", "x", "evet", "ja"})
NO = frozenset({"", "0", "no", "false", "hayır", "nein"})


class ColumnSettings(BaseModel):
    """What any source of such rows is told: its zone, and which column holds what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: Zone
    """Of the local times."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which column holds what; a field has the column of its own name otherwise."""
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

    def column(self, field: str) -> str:
        """The column of a field."""
        return self.columns.get(field, field)

    def check_columns(self, kind: str, fields: Sequence[str]) -> None:
        """Refuse a map of what rows of this kind do not say.

        Raises:
            ValueError: with the fields there are.

        """
        unknown = sorted(set(self.columns) - set(fields))
        if unknown:
            known = ", ".join(fields)
            raise ValueError(f"unknown field {', '.join(unknown)}; a map of {kind}: {known}")


S = TypeVar("S", bound=ColumnSettings)


class Cells(Generic[S]):
    """What the cells of a row say."""

    def __init__(self, cells: Mapping[str, Any], settings: S) -> None:
        self._cells = cells
        self.settings = settings

    def cell(self, name: str) -> Any:
        """As it came."""
        return self._cells.get(self.settings.column(name))

    def text(self, name: str) -> str:
        """Stripped; empty where it says nothing."""
        cell = self.cell(name)
        return "" if cell is None else str(cell).strip()

    def count(self, name: str) -> int | None:
        """A whole number."""
        text = self.text(name)
        if not text:
            return None
        mark = self.settings.decimal if isinstance(self.cell(name), str) else "."
        with of_field(name):
            return read_count(text, mark)

    def at(self, name: str) -> datetime:
        """An instant; a local time is the source's."""
        with of_field(name):
            return read_instant(self.text(name), self.settings.zone, self.settings.slash_dates)

    def flag(self, name: str) -> bool:
        """Yes or no."""
        word = self.text(name).casefold()
        if word not in YES | NO:
            message = f"{name}: {quoted(word)} is neither yes nor no; write one of the two"
            raise untranslatable("flag_unknown", message)
        return word in YES


def records_of(path: Path, settings: ColumnSettings, needed: Sequence[str]) -> Iterator[FileRecord]:
    """The rows of a file that has the columns of the needed fields and of whatever is mapped."""
    mapped = dict.fromkeys([*map(settings.column, needed), *settings.columns.values()])
    return read_rows(
        path, columns=list(mapped), encoding=settings.encoding, delimiter=settings.delimiter
    )


def filled(record: FileRecord, settings: S, needed: Sequence[str]) -> Cells[S]:
    """The cells of a row in which every needed field says something.

    Raises:
        UntranslatableError: the row cannot be read, or a cell is blank.

    """
    if record.fault:
        raise UntranslatableError(record.fault)
    row = Cells(record.body, settings)
    for name in needed:
        if not row.text(name):
            raise untranslatable(f"{name}_missing", f"{name} is blank; fill the cell or map it")
    return row
