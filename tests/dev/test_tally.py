"""The check of the long runs finds each way in which a promise can be broken."""

from hub.dev.checker.findings import WRONG, Findings
from hub.dev.checker.wire import Told, Wire
from hub.dev.crash.tally.check import check_effects
from hub.dev.crash.tally.events import counted
from hub.dev.crash.tally.processor import Stands
from hub.dev.prove.poisoned import KINDS, poisoned

SENT = [counted("a", 1), counted("b", 1), counted("a", 2), poisoned("p", KINDS[0])]


def found(*told: tuple[str, int]) -> dict[str, int]:
    """What the check says of effects in this order."""
    wire, findings, counts = Wire(), Findings(), dict.fromkeys("abp", 0)
    for seq, (key, n) in enumerate(told, 1):
        counts[key] += 1
        fact = {"key": key, "n": n, "count": counts[key]}
        wire.told.append(Told(0, seq, f"evt{seq}", Stands.TYPE, f"{key}/{n}", fact))
    check_effects(SENT, wire, findings)
    return {name: findings.counts[name] for name in WRONG if findings.counts[name]}


def test_finds_nothing_where_each_took_effect_once_and_in_order() -> None:
    assert found(("b", 1), ("a", 1), ("a", 2)) == {}


def test_finds_what_is_lost() -> None:
    assert found(("a", 1), ("b", 1)) == {"lost": 1}


def test_finds_what_took_effect_twice() -> None:
    assert found(("a", 1), ("a", 1), ("a", 2), ("b", 1)) == {"duplicated": 1}


def test_finds_what_overtook() -> None:
    assert found(("a", 2), ("a", 1), ("b", 1)) == {"reordered": 1}


def test_finds_poison_that_took_effect() -> None:
    assert found(("a", 1), ("a", 2), ("b", 1), ("p", 1)) == {"ghosts": 1}
