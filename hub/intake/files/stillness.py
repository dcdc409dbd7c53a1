"""Which dropped files nobody is writing any more, seen by their standing still."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hub.intake.files.folder import Stamp

EMPTY = 30
"""An empty file gets so many times the patience: many exports are opened long before they are written."""


@dataclass(slots=True)
class Stillness:
    """Looks again and again at one folder. Clocks of other machines do not count."""

    seconds: float
    _seen: dict[Path, tuple[Stamp, float]] = field(default_factory=dict)
    _stuck: dict[Path, Stamp] = field(default_factory=dict)

    def settled(self, drops: Iterable[Path]) -> list[Path]:
        """Those that have not changed for long enough, the one written first coming first."""
        now = time.monotonic()
        seen = {path: stamp for path in drops if (stamp := Stamp.of(path)) is not None}
        self._stuck = {path: at for path, at in self._stuck.items() if seen.get(path) == at}
        before, self._seen = self._seen, {}
        settled = []
        for path, stamp in seen.items():
            known = before.get(path)
            since = known[1] if known is not None and known[0] == stamp else now
            self._seen[path] = (stamp, since)
            patience = self.seconds * (1 if stamp.size else EMPTY)
            if now - since >= patience and path not in self._stuck:
                settled.append((stamp.changed_ns, path.name, path))
        return [path for *_, path in sorted(settled)]

    def stuck(self, path: Path) -> None:
        """Leave it alone until it changes: it cannot be taken as it is."""
        if (known := self._seen.get(path)) is not None:
            self._stuck[path] = known[0]
