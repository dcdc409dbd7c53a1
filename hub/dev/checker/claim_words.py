"""What was told and decided of claims, as whoever did it wrote it down when it was answered."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Kind = Literal[
    "filed", "piece", "posting", "report", "review", "approve", "half", "deny", "note", "question",
    "goes_on",
]  # fmt: skip
"""`half`: the first of two approvals. `goes_on`: everything that the claim lacked has come."""
Answer = Literal["accepted", "unknown"]
"""`unknown`: nobody answered, so it may have had its effect, once, or not."""


@dataclass(frozen=True, slots=True)
class Word:
    """Something that was told or decided of a claim or of an effect, and accepted."""

    kind: Kind
    about: str
    """Of what is told by a source, its `source/reference`; else the id of a claim, or of an effect."""
    value: str = ""
    """Of a decision its reason, which no other has; a piece of evidence; a posting's `source/reference=amount`."""
    by: str = ""
    """The person who did it."""
    event: str = ""
    """Its id, where whoever told it gave one: a refusal on the status topic names it."""
    answer: Answer = "accepted"


def write_words(path: Path, words: Iterable[Word]) -> None:
    """Write the log; its last line proves that it is whole."""
    lines = [json.dumps(asdict(word)) for word in words]
    lines.append(json.dumps({"final": len(lines)}))
    path.write_text("\n".join(lines) + "\n")


def read_words(path: Path) -> list[Word]:
    """Read a log.

    Raises:
        ValueError: it has no last line, so what is missing cannot be told.

    """
    *lines, last = [json.loads(line) for line in path.read_text().splitlines()] or [{}]
    if last.get("final") != len(lines):
        raise ValueError(f"{path} is cut off: run the load again and let it end by itself")
    return [Word(**line) for line in lines]
