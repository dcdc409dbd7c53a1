"""The checker knows what became of every payload that landed."""

from typing import Any

from hub.dev.checker.accounts import check_landings
from hub.dev.checker.findings import Findings
from hub.dev.checker.tables import Tables


def found(end: int, **owner: int) -> dict[str, int]:
    row: dict[str, Any] = {"part": 0, "first_offset": 0, "next_offset": 5, "translated": 5}
    row |= {"meaningless": 0, "parked": 0, "retrying": 0, "held": 0, "stepped_over": 0, **owner}
    tables = Tables([], [row], [], [], {}, [], 0)
    findings = Findings()
    check_landings(tables, {0: end}, findings)
    return {kind: count for kind, count in findings.counts.items() if count}


def test_is_content_where_everything_was_translated() -> None:
    assert found(5) == {}


def test_sees_a_payload_that_became_nothing() -> None:
    assert found(5, translated=4) == {"unaccounted": 1}


def test_sees_what_lies_parked_and_what_was_never_read() -> None:
    assert found(7, translated=3, parked=2) == {"stuck": 4}


def test_sees_a_partition_that_nobody_translates() -> None:
    findings = Findings()
    check_landings(Tables([], [], [], [], {}, [], 0), {0: 3, 1: 0}, findings)

    assert findings.counts["stuck"] == 3
