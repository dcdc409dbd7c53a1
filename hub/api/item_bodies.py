"""What may be asked about items: filters, reasons, notes, edits, bulks."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.api.bodies import STRICT, VISIBLE, At, whole
from hub.api.desk import MAX_OFFSET, MAX_PART, Whose
from hub.api.filters import Word
from hub.domain.notes import CODES, MAX_TEXT
from hub.recovery.bulk import LEAST_A_SECOND, MOST_A_SECOND
from hub.recovery.bulk_progress import Wanted
from hub.recovery.choosing import Filter, State
from hub.recovery.items import MAX_LIMIT

READABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Lines and tabs, and no other control characters."""
Because = Annotated[str, Field(min_length=1, max_length=1_000, pattern=VISIBLE)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str, Field(min_length=1, max_length=500)]
Number = Annotated[int, Field(ge=1, le=MAX_OFFSET)]


class Chosen(Whose):
    """Which items; all of it has to fit."""

    topic: Word | None = None
    partition: Annotated[int, Field(ge=0, le=MAX_PART)] | None = None
    state: State | None = None
    source: Word | None = None
    code: Word | None = None
    """Why, in one word."""
    type: Word | None = None
    """Of the event."""
    release: Word | None = None
    """Of the hub that tried it last."""
    dependency: Word | None = None
    """What outside it waits for."""
    home: Word | None = None
    """Of an event; the key of a raw record."""
    reason: Word | None = None
    """A text that the reason contains, whatever its case."""
    on_hold: Literal["true", "false"] | None = None
    redrive: Number | None = None
    """The bulk that asked for it last."""
    note: Word | None = None
    """A text that a note about it contains, whatever its case."""

    def filter(self, tenant: str) -> Filter:
        """The same for one tenant."""
        chosen = {name: getattr(self, name) for name in Chosen.model_fields}
        on_hold = None if self.on_hold is None else self.on_hold == "true"
        return Filter(**chosen | {"tenant": tenant, "on_hold": on_hold})


class ListedItems(Chosen):
    """Which items, and how many of them."""

    limit: Limit = 100
    cursor: Cursor | None = None
    """From the page before; the filters stay the same."""


class ListedGroups(Chosen):
    """Which items, and how many groups of them."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 200


class ListedNotes(Whose):
    """Which notes; all of it has to fit."""

    text: Word | None = None
    """A text that the note contains, whatever its case."""
    code: Literal[tuple(CODES)] | None = None  # type: ignore[valid-type]
    since: At | None = None
    limit: Limit = 100
    cursor: Number | None = None
    """From the page before; the filters stay the same."""


class ListedBulks(Whose):
    """How many bulks."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Number | None = None
    """From the page before."""


class ListedReplays(ListedBulks):
    """How many replays."""


def _shown(**example: Any) -> ConfigDict:
    return STRICT | ConfigDict(json_schema_extra={"examples": [example]})


class Wish(BaseModel):
    """Why."""

    model_config = _shown(reason="the mapping is mended in release 1.4.2")

    reason: Because
    """It stands in the records for ever."""


class Mended(BaseModel):
    """A body that takes the place of an item's."""

    model_config = _shown(text='{"order": {}}', reason="the till sent no order")

    text: Annotated[str, Field(min_length=1, max_length=2 * 1024 * 1024)]
    """The whole new body, as `text` of the payload shows the one there is."""
    reason: Because


class WrittenNote(BaseModel):
    """A note of staff."""

    model_config = _shown(code="source_informed", text="Till 4 was asked to send it again")

    code: Literal[tuple(CODES)]  # type: ignore[valid-type]
    text: Annotated[str, Field(max_length=MAX_TEXT, pattern=READABLE)] = ""
    """Needed with the code `other`."""


class Where(BaseModel):
    """Which items; all of it has to fit, and at least one thing has to be named."""

    model_config = STRICT

    topic: Word | None = None
    partition: (
        Annotated[int, Field(ge=0, le=MAX_PART, strict=True), BeforeValidator(whole)] | None
    ) = None
    state: State | None = None
    source: Word | None = None
    code: Word | None = None
    type: Word | None = None
    release: Word | None = None
    dependency: Word | None = None
    home: Word | None = None
    reason: Word | None = None
    on_hold: bool | None = None
    redrive: Annotated[Number, BeforeValidator(whole)] | None = None
    note: Word | None = None

    def filter(self, tenant: str) -> Filter:
        """The same for one tenant."""
        return Filter(**self.model_dump(), tenant=tenant)


class AskedBulk(BaseModel):
    """What is wanted of many items at once."""

    model_config = _shown(
        where={"state": "dead_lettered", "code": "KeyError in decide"},
        reason="mended in release 1.4.2",
    )

    where: Where
    reason: Because
    rate: Annotated[float, Field(ge=LEAST_A_SECOND, le=MOST_A_SECOND)] = 50.0
    """Items a second."""
    wanted: Wanted = "redrive"


class AskedReplay(BaseModel):
    """What is to be translated once more."""

    model_config = _shown(
        connector="pos",
        since="2026-01-31T18:30:00+03:00",
        dry_run=True,
        reason="the mapping was mended in release 1.4.2",
    )

    connector: Word
    source: Word | None = None
    """All of the connector, where absent."""
    since: At
    """When the first of it landed."""
    until: At | None = None
    """Before that; until it was asked for, where absent."""
    dry_run: bool
    """Tell what it would say, and say nothing."""
    reason: Because


class TriedBulk(BaseModel):
    """Which items to try without deciding them."""

    model_config = _shown(where={"state": "parked"})

    where: Where
    limit: Annotated[int, Field(ge=1, le=1_000), BeforeValidator(whole)] = 200
    details: Annotated[int, Field(ge=0, le=50), BeforeValidator(whole)] = 0
    """So many are told in full."""
