"""The checker sees whatever is planted in what receivers wrote down and in the books of deliveries."""

from pathlib import Path

import pytest

from hub.dev.checker.findings import Findings
from hub.dev.checker.webhook_log import (
    HEARD,
    read_webhooks,
    write_endpoints,
    write_line,
    write_moments,
)
from hub.dev.checker.webhook_tables import Attempt
from hub.dev.checker.webhooks import check_webhooks
from hub.dev.checker.wire import Told, Wire
from tests.crash.webhook_worlds import (
    CHOSEN,
    FULL,
    KILLED_AT,
    LOOSE,
    TAKEN,
    Spoil,
    World,
    a_clean_world,
    again,
    attempts,
    body,
    both,
    change,
    decided_in,
    first_refused,
    foreign,
    stands,
    swapped,
    unheard,
)

NEVER_DECIDED = Told(0, 99, "e99", "warranty.activated.v1", "c99", {"warranty": "w9"}, "w9")
SPOILED: dict[str, tuple[Spoil, dict[str, int]]] = {
    "an event never arrived": (lambda w: unheard(w, FULL, "e1"), {"lost": 1}),
    "an event only ever found its receiver away": (
        both(
            lambda w: change(w, FULL, "e1", answered=503),
            lambda w: attempts(w, FULL, "e1", Attempt("failed", 503)),
        ),
        {"lost": 1},
    ),
    "an event is no delivery at all": (
        both(lambda w: unheard(w, FULL, "e1"), lambda w: w.rows.pop((FULL.id, "e1"))),
        {"lost": 2},
    ),
    "a delivery is dead": (
        both(lambda w: unheard(w, FULL, "e1"), lambda w: stands(w, FULL, "e1", "dead")),
        {"lost": 2},
    ),
    "a delivery is still open": (lambda w: stands(w, FULL, "e1", "sending"), {"stuck": 1}),
    "something was told that was never decided": (
        lambda w: foreign(w, FULL, NEVER_DECIDED),
        {"ghosts": 2},
    ),
    "something was told that stays inside": (
        lambda w: foreign(w, FULL, decided_in(w, "e3")),
        {"ghosts": 2},
    ),
    "a type was told that nobody asked for": (
        lambda w: foreign(w, CHOSEN, decided_in(w, "e1")),
        {"ghosts": 2},
    ),
    "a branch was told that nobody asked for": (
        lambda w: foreign(w, LOOSE, decided_in(w, "e2")),
        {"ghosts": 2},
    ),
    "somebody was told whom nobody made an endpoint": (
        lambda w: change(w, LOOSE, "e1", name="other"),
        {"ghosts": 1, "lost": 1, "unaccounted": 1},
    ),
    "what was taken came again, and nobody died": (
        lambda w: again(w, FULL, "e1"),
        {"duplicated": 1},
    ),
    "it came again twice, of which one killing explains one": (
        both(
            lambda w: again(w, FULL, "e1", first=KILLED_AT),
            lambda w: w.heard.append(w.heard[-1]),
            lambda w: w.rows[FULL.id, "e1"].attempts.append(Attempt("unknown", None)),
        ),
        {"duplicated": 1},
    ),
    "it came again at a killing, and no attempt was lost": (
        both(
            lambda w: again(w, FULL, "e1", first=KILLED_AT),
            lambda w: attempts(w, FULL, "e1", Attempt("failed", 503), Attempt("delivered", TAKEN)),
        ),
        {"unaccounted": 1},
    ),
    "it was told more often than there were attempts": (
        both(
            lambda w: again(w, FULL, "e1", first=KILLED_AT),
            lambda w: attempts(w, FULL, "e1", Attempt("unknown", None)),
        ),
        {"unaccounted": 2},
    ),
    "the books say that it was taken, and its receiver does not": (
        lambda w: change(w, FULL, "e1", answered=503),
        {"lost": 1, "unaccounted": 1},
    ),
    "it was told, and the books know no delivery": (
        lambda w: w.rows.pop((FULL.id, "e1")),
        {"lost": 1, "unaccounted": 1},
    ),
    "a later event of a warranty was taken first": (
        lambda w: swapped(w, FULL, "e1", "e5"),
        {"reordered": 1},
    ),
    "a body says something else": (
        lambda w: body(w, FULL, "e1", data={"warranty": "w8"}),
        {"altered": 1},
    ),
    "a body has another number": (
        lambda w: body(w, LOOSE, "e1", sequence=f"{7:020}"),
        {"altered": 1},
    ),
    "a body is of another warranty": (lambda w: body(w, FULL, "e1", subject="w2"), {"altered": 1}),
    "a body is no JSON": (lambda w: change(w, FULL, "e1", body="{"), {"altered": 1}),
    "a thin body tells all": (
        lambda w: body(w, LOOSE, "e1", data={"id": "w1", "serial": "S"}),
        {"altered": 1},
    ),
    "a body tells who decided it, and in what words": (
        lambda w: body(w, FULL, "e4", data=decided_in(w, "e4").fact),
        {"altered": 1},
    ),
    "the second telling is not the first one": (
        both(
            lambda w: again(w, FULL, "e1", first=KILLED_AT),
            lambda w: body(w, FULL, "e1", more="of it"),
        ),
        {"altered": 1},
    ),
    "a signature does not verify": (
        lambda w: change(w, FULL, "e1", verifies=False),
        {"unsigned": 1},
    ),
}


def found(world: World) -> dict[str, int]:
    findings = Findings()
    check_webhooks(world.webhooks, Wire(told=world.told), world.rows, findings)
    return {kind: count for kind, count in findings.counts.items() if count}


def figures(world: World) -> dict[str, int]:
    told = check_webhooks(world.webhooks, Wire(told=world.told), world.rows, Findings())
    return {name.removeprefix("webhooks_"): count for name, count in told.items()}


def test_finds_nothing_in_a_clean_world() -> None:
    world = a_clean_world()

    assert found(world) == {}
    told = figures(world)
    assert (told["wanted"], told["told"], told["attempts"]) == (9, 9, 9)


@pytest.mark.parametrize("name", SPOILED)
def test_finds_what_was_spoiled(name: str) -> None:
    spoil, wrong = SPOILED[name]
    world = a_clean_world()
    spoil(world)

    assert found(world) == wrong


def test_what_was_taken_may_come_again_where_whoever_told_it_was_killed() -> None:
    world = a_clean_world()
    again(world, FULL, "e1", first=KILLED_AT - 0.1)

    assert found(world) == {}
    told = figures(world)
    assert (told["again"], told["unexcused"], told["lost_attempts"]) == (1, 0, 1)


def test_what_was_taken_may_come_again_where_its_answer_came_too_late() -> None:
    world = a_clean_world()
    again(world, FULL, "e1")
    attempts(world, FULL, "e1", Attempt("failed", None), Attempt("delivered", TAKEN))

    assert found(world) == {}
    told = figures(world)
    assert (told["again"], told["unexcused"], told["unanswered"]) == (1, 0, 1)


def test_a_late_copy_of_what_was_taken_is_no_disorder() -> None:
    world = a_clean_world()
    again(world, FULL, "e1", first=KILLED_AT)
    assert world.heard[-1].id == "e1"

    assert found(world) == {}
    assert figures(world)["inversions"] == 0


def test_who_asked_for_no_order_may_hear_anything_first() -> None:
    world = a_clean_world()
    swapped(world, LOOSE, "e1", "e5")

    assert found(world) == {}


def test_a_receiver_without_room_is_no_fault_of_the_hub() -> None:
    world = a_clean_world()
    first_refused(world, FULL, "e1")

    assert found(world) == {}
    assert figures(world)["refused"] == 1


def test_reads_what_was_written_down_up_to_the_last_whole_line(tmp_path: Path) -> None:
    world = a_clean_world()
    write_endpoints(tmp_path, world.webhooks.endpoints)
    write_moments(tmp_path, world.moments)
    lines = b"".join(write_line(one) for one in world.heard)
    (tmp_path / HEARD).write_bytes(lines + b'{"name": "full", "id": "e')

    assert read_webhooks(tmp_path) == world.webhooks
