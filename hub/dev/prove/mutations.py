"""Mutations of what proves a caller: keys, tokens and signatures, each a little other than a good one."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.sdk import Delivery, SignatureError, webhooks
from hub.access.admission import Admission
from hub.access.keys import BASE62, checksum, issue
from hub.adapters.postgres import Database

LETTERS = BASE62 + "-_.=+/ "
TENANT = "acme"
HOLDERS = 10
SIGNATURES = 5


def changed(chance: random.Random, text: str) -> str:
    """One text that is another: a letter swapped, left out, put in, doubled, cut off, or two traded."""
    at = chance.randrange(len(text))
    letter = chance.choice(LETTERS)
    other = chance.randrange(len(text))
    ways: tuple[Callable[[], str], ...] = (
        lambda: text[:at] + letter + text[at + 1 :],
        lambda: text[:at] + text[at + 1 :],
        lambda: text[:at] + letter + text[at:],
        lambda: text[:at],
        lambda: text[:at] + text[at].swapcase() + text[at + 1 :],
        lambda: _traded(text, at, other),
        lambda: text + letter,
    )
    while True:
        made = chance.choice(ways)()
        if made.strip() != text:
            return made
        at, other = chance.randrange(len(text)), chance.randrange(len(text))
        letter = chance.choice(LETTERS)


def _traded(text: str, one: int, other: int) -> str:
    letters = list(text)
    letters[one], letters[other] = letters[other], letters[one]
    return "".join(letters)


def of_keys(chance: random.Random, keys: Sequence[str]) -> str:
    """A key that is none: often with a checksum that fits, so that the store is asked."""
    key, other = chance.choice(keys), chance.choice(keys)
    body = key.rpartition("_")[0]
    parts, others = body.split("_"), other.split("_")
    kind = chance.random()
    if kind < 0.4:  # noqa: PLR2004 - a share of them
        return changed(chance, key)
    if kind < 0.7 and key != other:  # noqa: PLR2004 - a share of them
        parts[chance.choice((2, 3))] = others[chance.choice((2, 3))]
        made = "_".join(parts)
    else:
        made = changed(chance, body)
    return f"{made}_{checksum(made)}" if made not in (body, other.rpartition("_")[0]) else made


def of_tokens(chance: random.Random, tokens: Sequence[str]) -> str:
    """A token that is none: letters changed, or the parts of two put together."""
    token, other = chance.choice(tokens), chance.choice(tokens)
    if chance.random() < 0.2:  # noqa: PLR2004 - a share of them
        parts, others = token.split("."), other.split(".")
        place = chance.choice((1, 2))
        parts[place] = others[place]
        made = ".".join(parts)
        if made not in (token, other):
            return made
    return changed(chance, token)


async def given_out(database: Database, count: int = HOLDERS, name: str = "holder") -> list[str]:
    """As many good keys, each another holder's."""
    return [await issue(database, TENANT, f"{name}-{number}") for number in range(count)]


async def mutated(
    admission: Admission, database: Database, tokens: Sequence[str], *, count: int, seed: int
) -> dict[str, Any]:
    """Try as many mutations at the verifiers themselves; what was taken, by kind."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable mixture
    keys = await given_out(database)
    good = {*keys, *tokens}
    valid_before = [await admission.bearer(one) is not None for one in (*keys, *tokens)]
    tried: Counter[str] = Counter()
    accepted: list[str] = []
    signed = Signed(chance)
    for number in range(count):
        kind = ("key", "token", "signature")[number % 3]
        tried[kind] += 1
        if kind == "signature":
            if signed.is_taken():
                accepted.append(kind)
            continue
        shown = of_keys(chance, keys) if kind == "key" else of_tokens(chance, tokens)
        if shown.strip() not in good and await admission.bearer(shown) is not None:
            accepted.append(f"{kind} {shown}")
    return {
        "tried": sum(tried.values()),
        "by_kind": dict(tried),
        "accepted": accepted[:10],
        "valid": len(valid_before),
        "valid_taken": sum(valid_before),
        "signatures_valid": signed.valid(),
    }


class Signed:
    """Deliveries signed by a source, and the same with something changed."""

    def __init__(self, chance: random.Random) -> None:
        """Make a secret, and deliveries that are good."""
        self._chance = chance
        self._secret = webhooks.new_secret()
        self._at = datetime.now(UTC)
        self._good = [
            (webhooks.sign(self._secret, f"msg-{n}", self._at, body), body)
            for n, body in enumerate(b'{"ticket": %d}' % n for n in range(SIGNATURES))
        ]

    def valid(self) -> bool:
        """Whether every good one is taken."""
        return all(self._verify(headers, body) for headers, body in self._good)

    def is_taken(self) -> bool:
        """Whether one that was changed somewhere is taken."""
        headers, body = self._chance.choice(self._good)
        name = self._chance.choice((*headers, "body"))
        if name == "body":
            return self._verify(headers, changed(self._chance, body.decode()).encode())
        told = changed(self._chance, headers[name])
        if name == webhooks.SIGNATURE and headers[name] in told.split():
            # Beside what is wrong stands what is right, as while a secret is rotated.
            return False
        return self._verify(headers | {name: told}, body)

    def _verify(self, headers: dict[str, str], body: bytes) -> bool:
        delivery = Delivery(headers, body, "", self._at)
        try:
            webhooks.verify(delivery, [self._secret])
        except SignatureError:
            return False
        return True
