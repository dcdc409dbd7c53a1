"""What decides takes the time and every id from outside, so that deciding again gives the same."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("hub/domain", "hub/processors", "connectors")
FORBIDDEN = frozenset({"now", "today", "utcnow", "time", "time_ns", "monotonic", "uuid1", "uuid4"})
MODULES = frozenset({"random", "secrets"})
FILES = sorted(path for folder in PURE for path in (ROOT / folder).rglob("*.py"))


def impure(source: str) -> list[str]:
    """Calls of a clock or of chance. `time(…)` with arguments makes one of the calendar."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            found += [f"line {node.lineno}: {name}" for name in names & MODULES]
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in FORBIDDEN and not (name == "time" and (node.args or node.keywords)):
                found.append(f"line {node.lineno}: {name}()")
    return found


@pytest.mark.parametrize(
    "source",
    ["datetime.now(UTC)", "date.today()", "time.time()", "uuid4()", "import random", "now()"],
)
def test_sees_a_clock_and_chance(source: str) -> None:
    assert impure(source)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_asks_no_clock_and_no_chance(path: Path) -> None:
    assert impure(path.read_text(encoding="utf-8")) == []
