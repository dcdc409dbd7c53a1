"""The beginning of an answer without what may be personal or secret, so that it can be kept."""

import re

MASK = "…"
PATTERNS = (
    re.compile(r"[\w.+-]{1,64}@[\w-]{1,255}(?:\.[\w-]{1,63})+"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"),
    re.compile(r"\b(?:whsec|whsk|whk|sk|pk)_[\w+/=-]{8,}"),
    re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]++\.[\w-]*"),
    re.compile(r"(?<![\w.-])\+?\d[\d ()/.-]{6,40}\d(?![\w-])"),
)
"""Addresses, credentials, keys of ours and others, tokens, and numbers as long as a phone's. A stranger writes what
they are sought in: none may look at the same place again and again."""


def masked(text: str) -> str:
    """The text, each such place masked, and nothing in it that no row can hold."""
    for pattern in PATTERNS:
        text = pattern.sub(MASK, text)
    return storable(text)


def storable(text: str) -> str:
    """The text as a row can hold it, whatever bytes it was made of."""
    return text.replace("\x00", MASK).encode(errors="replace").decode()
