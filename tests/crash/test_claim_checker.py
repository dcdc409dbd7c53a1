"""The checker sees whatever is planted in rows of claims and in what was told of them."""

from pathlib import Path

import pytest

from hub.dev.checker.claim_words import Word, read_words, write_words
from hub.dev.checker.claims import check_claims
from hub.dev.checker.findings import Findings
from hub.dev.checker.wire import Told, Wire
from tests.crash.claim_worlds import (
    Spoil,
    World,
    a_clean_world,
    add,
    again,
    back,
    claim,
    come_to,
    effect,
    moved,
    posted_again,
    promised_otherwise,
    put,
    swapped,
    tell,
    unannounced,
    unit,
    untold,
)

ANOTHER = {"id": "w-2", "status": "covered", "replaces": "w-c1"}
SPOILED: dict[str, tuple[Spoil, dict[str, int]]] = {
    "a claim that was filed is not there": (
        lambda w: add(w, Word("filed", "shop/R-9"), Word("goes_on", "shop/R-9")),
        {"lost": 2},
    ),
    "a claim is there twice": (lambda w: again(w, "c4"), {"duplicated": 1}),
    "nobody filed a claim": (lambda w: w.words.pop(0), {"ghosts": 1}),
    "a row was never announced": (lambda w: unannounced(w, "c4"), {"lost": 1}),
    "a claim was told of that has no row": (
        lambda w: tell(w, "claim.submitted.v1", claim="c9", before=None),
        {"lost": 1},
    ),
    "a move was never told": (
        lambda w: untold(w, "claim.under_review.v1", claim="c3"),
        {"reordered": 1, "lost": 1},
    ),
    "a move was told twice": (
        lambda w: tell(w, "claim.denied.v1", claim="c3", before="under_review"),
        {"reordered": 1, "duplicated": 1},
    ),
    "moves were told the wrong way round": (
        lambda w: swapped(w, "c4"),
        {"reordered": 3, "lost": 1},
    ),
    "a move that no life allows": (
        lambda w: moved(w, "c4", "submitted", "approved"),
        {"illegal": 1},
    ),
    "a row stands elsewhere than was told": (
        lambda w: put(w, "c4", state="staged"),
        {"lost": 1, "stuck": 1},
    ),
    "a column stands elsewhere than its document": (
        lambda w: put(w, "c4", columns={"state": "staged"}),
        {"lost": 1},
    ),
    "a claim waits for what has come": (lambda w: back(w, "c4"), {"stuck": 1}),
    "a piece of evidence is gone": (lambda w: put(w, "c4", pieces=[]), {"lost": 1}),
    "a piece of evidence counts twice": (
        lambda w: put(w, "c4", pieces=[{"id": "1", "value": "med_1"}] * 2),
        {"duplicated": 1},
    ),
    "an effect was asked for twice": (
        lambda w: tell(w, "repair.requested.v1", effect="e2", claim="c2"),
        {"duplicated": 1},
    ),
    "an effect was never asked for": (
        lambda w: untold(w, "repair.requested.v1", effect="e2"),
        {"lost": 1},
    ),
    "an effect was asked for that has no row": (
        lambda w: tell(w, "repair.requested.v1", effect="e9", claim="c3"),
        {"ghosts": 1},
    ),
    "another kind of effect was asked for": (
        lambda w: effect(w, "e2").update(kind="refund"),
        {"ghosts": 1, "lost": 1, "duplicated": 1},
    ),
    "an effect of no claim": (
        lambda w: effect(w, "e2").update(claim="c9"),
        {"ghosts": 1, "lost": 1},
    ),
    "a decision has no effect": (lambda w: w.tables.effects.pop("e2"), {"lost": 2, "ghosts": 1}),
    "a decision has one effect too many": (
        lambda w: w.effect("e9", "c2", "repair"),
        {"duplicated": 1},
    ),
    "an effect of a decision that was none": (
        lambda w: w.effect("e9", "c2", "repair", event="other"),
        {"duplicated": 1},
    ),
    "something else was granted than was told": (
        lambda w: promised_otherwise(w, "c2"),
        {"lost": 1},
    ),
    "a claim that was denied has effects": (
        lambda w: w.effect("e9", "c3", "repair"),
        {"duplicated": 1, "half_done": 1},
    ),
    "an effect came to what may not follow": (
        lambda w: come_to(w, "e2", "failed", "acknowledged"),
        {"illegal": 1},
    ),
    "an effect stands elsewhere than was told": (
        lambda w: effect(w, "e2").update(state="requested"),
        {"lost": 2},
    ),
    "a report was accepted and is not there": (
        lambda w: add(w, Word("report", "e2", "done"), Word("report", "e9", "done")),
        {"lost": 2},
    ),
    "something failed that was reported to be done": (
        lambda w: (add(w, Word("report", "e2", "done")), come_to(w, "e2", "failed")),  # type: ignore[func-returns-value] # both
        {"lost": 1},
    ),
    "stock never answered": (
        lambda w: w.effect("e9", "c2", "replacement", state="waiting"),
        {"stuck": 1, "lost": 1, "duplicated": 1},
    ),
    "a new unit was never covered": (
        lambda w: effect(w, "e1").update(state="acknowledged", stage="sent"),
        {"stuck": 1, "lost": 2, "half_done": 3, "ghosts": 1},
    ),
    "a claim is resolved while something is to be done": (
        lambda w: w.effect("e9", "c1", "repair"),
        {"half_done": 1, "duplicated": 1},
    ),
    "a claim is not resolved when all is done": (lambda w: come_to(w, "e2", "done"), {"stuck": 1}),
    "an old unit was not closed": (
        lambda w: unit(w, "w-c1").update(status="covered"),
        {"half_done": 1},
    ),
    "an old unit was closed for nothing": (lambda w: w.tables.units.pop("w-new"), {"half_done": 1}),
    "a unit replaces one that nobody replaced": (
        lambda w: unit(w, "w-new").update(replaces="w-c3"),
        {"half_done": 2},
    ),
    "a unit was sent twice for one": (
        lambda w: w.tables.units.update({"w-2": ANOTHER}),
        {"half_done": 1},
    ),
    "a unit was told to be replaced twice": (
        lambda w: tell(w, "warranty.ended.v1", warranty="w-c1", reason="replaced"),
        {"duplicated": 1},
    ),
    "a unit was told to be replaced and is not": (
        lambda w: tell(w, "warranty.ended.v1", warranty="w-c3", reason="replaced"),
        {"ghosts": 1},
    ),
    "a cost is gone": (lambda w: put(w, "c2", costs=[]), {"lost": 1, "ghosts": 1}),
    "a cost was posted twice": (lambda w: posted_again(w, "c2"), {"duplicated": 2}),
    "a cost was told twice": (
        lambda w: tell(w, "cost.recorded.v1", claim="c2", posting="1"),
        {"duplicated": 1},
    ),
    "a cost was never told": (lambda w: untold(w, "cost.recorded.v1", claim="c2"), {"lost": 1}),
    "an approval is gone": (lambda w: add(w, Word("approve", "c1", "mine")), {"lost": 1}),
    "a denial is gone": (lambda w: add(w, Word("deny", "c4", "mine")), {"lost": 1}),
    "half an approval is gone": (
        lambda w: (add(w, Word("half", "c4", "mine")), moved(w, "c4", "submitted", "under_review")),  # type: ignore[func-returns-value] # both
        {"lost": 1},
    ),
    "a review is gone": (lambda w: add(w, Word("review", "c4", "mine")), {"lost": 1}),
    "a note is gone": (lambda w: put(w, "c3", said=[]), {"lost": 1}),
    "a note is there twice": (
        lambda w: put(w, "c3", said=claim(w, "c3")["said"] * 2),
        {"duplicated": 1},
    ),
}


def found(world: World) -> dict[str, int]:
    findings = Findings()
    check_claims(world.words, Wire(told=world.told), world.tables, findings)
    return {kind: count for kind, count in findings.counts.items() if count}


def test_finds_nothing_in_a_clean_world() -> None:
    assert found(a_clean_world()) == {}


@pytest.mark.parametrize("name", SPOILED)
def test_finds_what_was_spoiled(name: str) -> None:
    spoil, wrong = SPOILED[name]
    world = a_clean_world()
    spoil(world)

    assert found(world) == wrong


def test_what_was_refused_where_all_can_read_it_is_not_lost() -> None:
    world = a_clean_world()
    world.words += [
        Word("filed", "shop/R-9", event="cause-refused"),
        Word("filed", "shop/R-10", answer="unknown"),
        Word("note", "c3", by="ada", answer="unknown"),
    ]
    world.told.append(Told(0, 99, "e99", "warranty.refused.v1", "cause-refused", {}))
    claim(world, "c3")["said"] *= 2

    assert found(world) == {}


def test_takes_a_log_for_whole_only_with_its_last_line(tmp_path: Path) -> None:
    words = a_clean_world().words
    log = tmp_path / "claims.jsonl"
    write_words(log, words)
    assert read_words(log) == words

    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ValueError, match="cut off"):
        read_words(log)
