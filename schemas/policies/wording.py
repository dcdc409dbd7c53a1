"""What customers read of a status, by reason and language."""

from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.policies.parts import Code, Policy, Strict, Texts, wrong_at

Status = Literal[
    "covered",
    "ended",
    "pending",
    "staged",
    "submitted",
    "under_review",
    "awaiting_info",
    "approved",
    "partially_approved",
    "denied",
    "resolved",
    "cancelled",
    "declined",
    "closed",
]
"""Of warranties and of claims. `declined` counts where `denied` has no text, and `closed` where `resolved` or
`cancelled` has none."""
PLACEHOLDERS = frozenset(
    {"merchant", "warranty", "claim", "product", "serial", "starts_on", "ends_on", "ended_on"}
    | {"reason", "days", "amount"}
)


def unknown_placeholders(text: str) -> list[str]:
    """What stands in braces and is no placeholder.

    Raises:
        ValueError: a brace is not closed.

    """
    found = []
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            found.append(name)
    return found


class Wording(Strict):
    """The text of a status, and other ones where it was reached for a certain reason."""

    text: Texts
    reasons: Annotated[dict[Code, Texts], Field(default_factory=dict, max_length=200)]


class WordingPolicy(Policy):
    """A text may name what it is about in braces, such as `{ends_on}`."""

    statuses: Annotated[dict[Status, Wording], Field(min_length=1)]

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> Self:
        for status, wording in self.statuses.items():
            at = f"/statuses/{status}"
            _check(f"{at}/text", wording.text)
            for reason, texts in wording.reasons.items():
                _check(f"{at}/reasons/{reason}", texts)
        return self


def _check(place: str, texts: Texts) -> None:
    for locale in Texts.model_fields:
        text = getattr(texts, locale)
        if text is not None:
            _check_text(f"{place}/{locale}", text)


def _check_text(place: str, text: str) -> None:
    try:
        unknown = unknown_placeholders(text)
    except ValueError as error:
        raise wrong_at(place, "a brace is not closed; write {{ for a brace itself") from error
    if unknown:
        there = ", ".join(sorted(PLACEHOLDERS))
        raise wrong_at(place, f"there is no placeholder {{{unknown[0]}}}; there are {there}")
