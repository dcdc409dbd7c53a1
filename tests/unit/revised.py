"""What one record says, revision by revision."""

from datetime import date
from typing import Any

from hub.sdk.events import Event
from tests.unit.story import a_return, a_sale

FEB_1 = date(2026, 2, 1)
LATER = date(2026, 3, 1)


def told(*lines: dict[str, Any], revision: int = 1, by: str = "till", **rest: Any) -> Event:
    """What revision so much of the one record says."""
    rest = {"raw": f"raw-{by}", "id": f"{by}-{rest.get('order', '')}-{revision}", **rest}
    return a_sale(*lines, by=by, revision=revision, **rest)


def back(*lines: dict[str, Any], revision: int = 1, **rest: Any) -> Event:
    name = f"{rest.get('reference', 'back')}-{revision}"
    return a_return(*lines, revision=revision, id=name, **{"raw": "raw-back", **rest})
