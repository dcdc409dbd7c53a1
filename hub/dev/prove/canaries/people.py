"""Twenty things that tell of somebody, none of which stands anywhere else."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

NAMES = (
    "Zephyrine Quillfeather",
    "Şükufe Çığdemoğlu",
    "Ксения Жаворонкова",
    "زينب القحطانية",
    "欧阳锦绣华",
)
EMAILS = (
    "zephyrine.quillfeather@canary.example",
    "sukufe+evi@canary.example",
    "ksenia_zh@xn--canary-9ta.example",
    "OUYANG@Canary.Example",
)
PHONES = ("+90 533 847 29 16", "0090 (534) 958-3027", "05359610384", "+86 136/0721-4958")
OTHER = (
    "Hummingbird Crescent 7719/B, Ankara",
    "Kuğulu Yokuşu Çıkmazı No: 8841",
    "1953-11-17T00:00",
    "48291736450",
    "TR390006299142817364509182",
    "4539 7721 8830 1946",
    "06 QZX 7193",
)
ALL = (*NAMES, *EMAILS, *PHONES, *OTHER)
LEAST_DIGITS = 9


def contact(number: int) -> dict[str, str]:
    """Somebody, as a contact."""
    parts = {"name": NAMES, "email": EMAILS, "phone": PHONES}
    return {name: values[number % len(values)] for name, values in parts.items()}


def whole() -> dict[str, Any]:
    """All of it under names that no schema knows, and as names themselves."""
    return {f"canary_{n}": value for n, value in enumerate(ALL)} | {"nested": [{v: v} for v in ALL]}


@dataclass(frozen=True, slots=True)
class Needle:
    """One of them, in every way that something may be written."""

    value: str
    folded: tuple[bytes, ...]
    """Looked for whatever the case."""
    exact: tuple[bytes, ...]


def needles() -> list[Needle]:
    """Every one."""
    return [_needle(value) for value in ALL]


def _needle(value: str) -> Needle:
    ways = {value, value.casefold()}
    digits = "".join(filter(str.isdigit, value))
    if value in PHONES or len(digits) >= LEAST_DIGITS:
        ways.add(digits.lstrip("0"))
    folded: list[bytes] = []
    exact: list[bytes] = []
    for way in ways:
        text = way.encode()
        escaped = way.encode("ascii", "backslashreplace")
        utf16 = "".join(f"\\u{ord(c):04x}" if not c.isascii() else c for c in way).encode()
        folded += [text, escaped, utf16, text.hex().encode(), quote(way).encode()]
        folded += [quote(way, safe="").encode(), quote(way).replace("%20", "+").encode()]
        folded += [way.encode(code) for code in ("utf-16-le", "utf-16-be")]
        exact += [_inside(text, shift) for shift in range(3)]
    lowered = {one.lower() for one in folded}
    return Needle(value, tuple(sorted(lowered)), tuple(sorted(set(exact))))


def _inside(text: bytes, shift: int) -> bytes:
    """As much of its base64 as does not depend on what stands around it."""
    coded = b64encode(b"\0" * shift + text)
    return coded[4 if shift else 0 : len(coded) - (4 if coded.endswith(b"=") else 0)]


def found(needle: Needle, haystack: bytes, lowered: bytes) -> bool:
    """Whether it is in there; `lowered` is what `lower` makes of the haystack."""
    return any(one in lowered for one in needle.folded) or any(
        one in haystack for one in needle.exact
    )


def lower(haystack: bytes) -> bytes:
    """With small letters: those of ASCII, and where it is UTF-8 all others too."""
    try:
        return haystack.decode().lower().encode() + b"\n" + haystack.lower()
    except UnicodeError:
        return haystack.lower()
