"""What is asked and answered about the audit's chains and samples."""

from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.api.bodies import VISIBLE, whole
from hub.api.desk import Whose
from hub.audit.checks import Check
from hub.audit.samples.drawing import MOST
from hub.audit.samples.reviews import Finding, Sample
from hub.audit.verifying import Verdict

MOST_ROWS = 10_000
STRICT = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
MAX_SEQ = 2**62


class Verifying(Whose):
    """Which rows of a chain are looked at."""

    after: Annotated[int, Field(ge=0, le=MAX_SEQ)] = 0
    """The place of the last row that is taken as it stands; 0 begins at the beginning."""
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] = MOST_ROWS
    """So many at most."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of these rows just now, and what whoever verified all of them last has found."""

    now: Verdict
    """Compared with the signed heads in Postgres; `hub audit verify` compares with those on Kafka, too."""
    before: Check | None
    next: int | None
    """Give it as `after` for the rows that follow; null at the end of the chain, or where it does not hold."""


class ListedSamples(Whose):
    """Which samples."""

    open: bool = False
    """Only those with records that nobody has reviewed."""


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """Samples, newest month first."""

    samples: list[Sample]


class DrawnSample(BaseModel):
    """A sample that is wanted."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"month": "2026-10", "size": 20, "seed": "s1"}]}
    )

    month: Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
    """Of UTC; it has to be over."""
    size: Annotated[int, Field(ge=1, le=MOST), BeforeValidator(whole)] = 20
    seed: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,40}$")] | None = None
    """The same month, size and seed are the same sample; made where it is absent."""


class WrittenFinding(BaseModel):
    """One line of a checklist, answered."""

    model_config = STRICT

    check: Annotated[str, Field(min_length=1, max_length=40, pattern=VISIBLE)]
    code: Literal["ok", "missing", "wrong", "unclear"]
    text: Annotated[str, Field(max_length=1_000)] = ""
    """What is wrong, in 10 characters or more, where it is not ok. Name nobody."""


class WrittenReview(BaseModel):
    """What a reviewer found of one record: an answer to each line of its checklist."""

    model_config = ConfigDict(
        **STRICT,
        json_schema_extra={
            "examples": [
                {
                    "findings": [
                        {"check": "evidence", "code": "ok"},
                        {"check": "decision", "code": "ok"},
                        {"check": "who", "code": "unclear", "text": "the map names two roles"},
                        {"check": "wording", "code": "ok"},
                    ]
                }
            ]
        },
    )

    findings: Annotated[list[WrittenFinding], Field(min_length=1, max_length=20)]

    def found(self) -> list[Finding]:
        """As they are kept."""
        return [Finding(check=o.check, code=o.code, text=o.text) for o in self.findings]
