"""What became of the lines of a file, and of the events made from them, in figures."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from connectors.sdk import unquoted
from hub.intake.files.reading import Reading
from hub.intake.files.wording import UNREADABLE, LineAnswer, answered
from hub.ledger.submit import Answer
from hub.sdk.events import Outcome

DONE, NOT_ALL, STOPPED = 0, 1, 2
WELL = frozenset({Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.REJECTED, Outcome.EARLY})
"""What a publisher need not come back for: final, or kept until what it waits for comes."""


@dataclass(slots=True)
class Tally:
    """The figures of one file so far."""

    words: Counter[str] = field(default_factory=Counter)
    """Lines by what they were told."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    events: int = 0
    replayed: int = 0
    waiting: int = 0
    repeated_lines: int = 0
    error: str = ""

    @property
    def lines(self) -> int:
        """Every line that was told something."""
        return self.words.total()

    @property
    def unreadable(self) -> int:
        """Lines that never became an event."""
        return self.words[UNREADABLE]

    def told(self, line: LineAnswer) -> None:
        """Count a line."""
        self.words[line.word] += 1

    def add(self, readings: Sequence[Reading], answers: Sequence[Answer]) -> list[LineAnswer]:
        """Count the answers of records, and give what their lines are told, in their order."""
        lines: list[LineAnswer] = []
        rest = iter(answers)
        for reading in readings:
            of_reading = [next(rest) for _ in reading.events]
            for (event, _), answer in zip(reading.events, of_reading, strict=True):
                self.repeated_lines += len(event.repeats)
                self._heard(answer)
            lines += answered(reading, of_reading)
        for line in lines:
            self.told(line)
        return lines

    def _heard(self, answer: Answer) -> None:
        self.events += 1
        self.replayed += answer.replayed
        if answer.outcome is None:
            self.waiting += 1
        else:
            self.outcomes[answer.outcome] += 1

    def figures(self) -> dict[str, Any]:
        """Every figure by a plain name."""
        return {
            "lines": self.lines,
            "rows": {word: count for word, count in sorted(self.words.items()) if count},
            "unreadable": self.unreadable,
            "repeated_lines": self.repeated_lines,
            "events": self.events,
            "accepted": self.outcomes.total(),
            **{outcome.value: self.outcomes[outcome] for outcome in Outcome},
            "waiting": self.waiting,
            "replayed": self.replayed,
        }

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """The tally that gave these figures."""
        if not figures:
            return cls()
        outcomes = {outcome: figures.get(outcome.value, 0) for outcome in Outcome}
        return cls(
            words=Counter(figures["rows"]),
            outcomes=Counter({outcome: count for outcome, count in outcomes.items() if count}),
            events=figures["events"],
            replayed=figures["replayed"],
            waiting=figures["waiting"],
            repeated_lines=figures["repeated_lines"],
        )

    def json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.figures() | ({"error": unquoted(self.error)} if self.error else {}))

    @property
    def exit_code(self) -> int:
        """0 where every line was decided or is early, 1 where some is not, 2 where the run stopped."""
        if self.error:
            return STOPPED
        decided = all(outcome in WELL for outcome, count in self.outcomes.items() if count)
        return DONE if decided and not self.unreadable and not self.waiting else NOT_ALL
