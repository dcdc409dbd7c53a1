"""What is posted of policies and the map of setting up."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.api.bodies import STRICT, VISIBLE, At, whole
from schemas.policies.parts import Locale

Why = Annotated[str, Field(min_length=1, max_length=1000, pattern=VISIBLE)]
COVERAGE: dict[str, Any] = {"default": {"standard": {"months": 24, "type": "repair"}}}
MAP: dict[str, Any] = {
    "portal_status": {
        "owner": "sales_staff",
        "backup": "owner",
        "reviewer": "owner",
        "rule": "Changed by hand only where the customer was called.",
        "evidence": "A note with the day of the call.",
        "approving_role": "warranty_manager",
        "report": "Changes by hand, weekly.",
        "exception_note": "What was promised, by whom, and when.",
    }
}


class Publication(BaseModel):
    """A new version of a policy. A version is never edited; another one follows it."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [
                {"document": COVERAGE, "why": "two years from spring", "expects_version": 0}
            ]
        },
    )

    document: dict[str, Any]
    """As its JSON Schema says; `hub policy check FILE` checks it without a hub."""
    why: Why
    effective_from: At | None = None
    """Not in the past; at once where it is absent."""
    expects_version: Annotated[int, Field(ge=0, le=10**6), BeforeValidator(whole)] | None = None
    """The last version you have seen, 0 for none: nobody else's is replaced unseen."""


class MapPublication(Publication):
    """A new version of the map of setting up. An area is changed by whom the map names."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [{"document": MAP, "why": "the shop has a manager", "expects_version": 0}]
        },
    )


class GoLive(BaseModel):
    """Why a merchant begins."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"why": "the shop opens on Monday"}]}
    )

    why: Why


class Query(BaseModel):
    """What every query shares."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True
    )


class Between(Query):
    """Two versions of a policy."""

    earlier: Annotated[int, Field(ge=1, le=10**6, alias="from")]
    later: Annotated[int, Field(ge=1, le=10**6, alias="to")]


class Language(Query):
    """In which language a text is wanted."""

    locale: Locale = "en"
