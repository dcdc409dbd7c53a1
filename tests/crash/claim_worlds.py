"""A small world of claims made by hand, and how one of its rows or of what was told of them is spoiled."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hub.dev.checker.claim_tables import ClaimTables, Doc
from hub.dev.checker.claim_words import Word
from hub.dev.checker.wire import Told

STAFF = ["person", "ada", "owner"]


@dataclass(slots=True)
class World:
    """A small one: what was done, what the status topic says, what the rows say."""

    words: list[Word] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    tables: ClaimTables = field(default_factory=ClaimTables)

    def says(self, kind: str, **fact: Any) -> None:
        number = len(self.told) + 1
        self.told.append(Told(0, number, f"e{number}", kind, f"cause-{number}", fact))

    def claim(self, name: str, *states: str, **doc: Any) -> None:
        """A claim that came through these states."""
        moves, before = [], None
        for after in states:
            moves.append([before, after, "", STAFF, "", f"{name}-{after}", f"{name}-{after}"])
            rest = {"resolutions": doc.pop("told", [])} if after == "approved" else {}
            self.says(f"claim.{after}.v1", claim=name, before=before, **rest)
            before = after
        state = {"state": states[-1], "columns": {"state": states[-1]}}
        about = {"source": "shop", "reference": f"R-{name}", "history": moves}
        self.tables.claims[name] = {"id": name, **about, **state, **doc}
        self.words.append(Word("filed", f"shop/R-{name}", event=f"file-{name}"))

    def effect(self, name: str, claim: str, kind: str, *states: str, **doc: Any) -> None:
        """An effect of a claim's approval that was asked for, and came through these states."""
        asked = {"replacement": "replacement.requested.v1", "repair": "repair.requested.v1"}
        self.says(asked[kind], effect=name, claim=claim)
        for state in states:
            self.says("effect.changed.v1", effect=name, claim=claim, state=state)
        about = {"id": name, "claim": claim, "kind": kind, "event": f"{claim}-approved"}
        state = states[-1] if states else "requested"
        self.tables.effects[name] = {
            **about, "state": state, "columns": {"state": state}, "warranty": f"w-{claim}", **doc,
        }  # fmt: skip

    def replaced(self, old: str, new: str) -> None:
        """The old unit was closed for the new one."""
        self.says("warranty.ended.v1", warranty=old, reason="replaced")
        self.tables.units[old] = {"id": old, "status": "ended", "replaced_by": new}
        self.tables.units[new] = {"id": new, "status": "covered", "replaces": old}


def granted(claim: str, kind: str) -> dict[str, Any]:
    verdict = {
        "state": "approved",
        "why": f"{claim}-approved",
        "event": f"{claim}-approved",
        "granted": [[kind, 100, "EUR"]],
    }
    return {"verdict": verdict, "told": [{"kind": kind}]}


def a_clean_world() -> World:
    """One was replaced, one is being repaired, one was denied, one waits."""
    world, way = World(), ("submitted", "under_review", "approved")
    world.claim("c1", *way, "resolved", **granted("c1", "replacement"))
    world.effect("e1", "c1", "replacement", "acknowledged", "done", replaced_by="w-new")
    world.replaced("w-c1", "w-new")
    cost = {"id": "1", "source": "workshop", "reference": "B-1", "amount": 40}
    world.claim("c2", *way, **granted("c2", "repair"), costs=[cost])
    world.says("cost.recorded.v1", claim="c2", posting="1")
    world.effect("e2", "c2", "repair", "acknowledged")
    denied = {"state": "denied", "why": "c3-denied", "event": "c3-denied"}
    said = [["note", "con_1", STAFF, "", ""]]
    world.claim("c3", "submitted", "under_review", "denied", verdict=denied, said=said)
    world.claim("c4", "staged", "submitted", pieces=[{"id": "1", "value": "med_1"}])
    world.words += [
        Word("piece", "shop/R-c4", "med_1"),
        Word("goes_on", "shop/R-c4"),
        Word("posting", "c2", "workshop/B-1=40"),
        Word("report", "e1", "done"),
        Word("report", "e2", "acknowledged"),
        Word("approve", "c1", "c1-approved"),
        Word("half", "c1", "c1-first"),
        Word("review", "c3", "c3-under_review"),
        Word("deny", "c3", "c3-denied"),
        Word("note", "c3", by="ada"),
    ]
    return world


def claim(world: World, name: str) -> Doc:
    return world.tables.claims[name]


def effect(world: World, name: str) -> Doc:
    return world.tables.effects[name]


def unit(world: World, name: str) -> Doc:
    return world.tables.units[name]


def tell(world: World, type: str, **fact: Any) -> None:  # noqa: A002
    world.says(type, **fact)


def untold(world: World, type: str, **fact: Any) -> None:  # noqa: A002
    world.told = [
        one for one in world.told if not (one.type == type and fact.items() <= one.fact.items())
    ]


def swapped(world: World, claim: str) -> None:
    """Two moves of a claim were told the wrong way round."""
    one, two = [n for n, e in enumerate(world.told) if e.fact.get("claim") == claim][:2]
    world.told[one], world.told[two] = world.told[two], world.told[one]


def add(world: World, *words: Word) -> None:
    world.words += words


def again(world: World, name: str) -> None:
    """The same claim as a second row, told like the first."""
    doc = deepcopy(claim(world, name))
    world.tables.claims["c9"] = doc | {"id": "c9"}
    for move in doc["history"]:
        world.says(f"claim.{move[1]}.v1", claim="c9", before=move[0])


Spoil = Callable[[World], object]


def put(world: World, name: str, **doc: Any) -> None:
    claim(world, name).update(doc)


def put_state(world: World, name: str, state: str) -> None:
    put(world, name, state=state, columns={"state": state})


def moved(world: World, name: str, before: str, after: str) -> None:
    """A further move, told and kept."""
    tell(world, f"claim.{after}.v1", claim=name, before=before)
    claim(world, name)["history"].append([before, after, "", STAFF, "", "", ""])
    put_state(world, name, after)


def back(world: World, name: str) -> None:
    """As if its last move had never been."""
    *_, last = claim(world, name)["history"]
    untold(world, f"claim.{last[1]}.v1", claim=name)
    claim(world, name)["history"].pop()
    put_state(world, name, last[0])


def unannounced(world: World, name: str) -> None:
    world.told = [one for one in world.told if one.fact.get("claim") != name]


def promised_otherwise(world: World, name: str) -> None:
    approval = next(
        e for e in world.told if e.fact.get("claim") == name and "resolutions" in e.fact
    )
    approval.fact["resolutions"] = [{"kind": "refund"}]


def come_to(world: World, name: str, *states: str) -> None:
    """An effect was told to come to these states."""
    for state in states:
        tell(world, "effect.changed.v1", effect=name, state=state)
    effect(world, name).update(state=states[-1])


def posted_again(world: World, name: str) -> None:
    claim(world, name)["costs"].append(claim(world, name)["costs"][0] | {"id": "2"})
    tell(world, "cost.recorded.v1", claim=name, posting="2")
