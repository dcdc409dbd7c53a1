"""The lines of a file, one at a time, in whatever encoding and however long they are."""

import codecs
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from connectors.sdk.connector import Fault, SettingsError

BLOCK = 64 * 1024
MAX_LINE = 1024 * 1024
"""In characters."""
KEPT = 4096
"""Characters that are kept of a longer one."""
BYTE_ORDER_MARKS = (
    # The longer ones first: one begins with another.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ONLY_IN_CP1252 = b"\x8e\x9e"
BLANK = " \t\r\n\x1a"
"""A file of an old till may end with Ctrl-Z."""
ESCAPE = 0xDC00
"""Where Python's decoder puts the bytes that it could not read."""
MAX_ASCII = 0x7F

_UNDECODED = re.compile("[\ud800-\udfff]")
"""How a decoder marks what it could not read; no text contains them."""
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


class Line(NamedTuple):
    number: int
    """Counted from 1; a carriage return, a line feed or both end a line."""
    text: str
    """With what ended it; with a fault, as much of it as can be shown."""
    fault: Fault | None

    @property
    def is_blank(self) -> bool:
        return not self.text.strip(BLANK)


def read_lines(file: BinaryIO, encoding: str) -> Iterator[Line]:
    """Every line with what is wrong with it. Memory holds one.

    Raises:
        SettingsError: there is no such encoding.
        UnicodeError: the file cannot be of that encoding.

    """
    number = 0
    for number, (text, long) in enumerate(_lines(file, encoding), start=1):
        fault = _fault(number, text, encoding, long=long)
        yield Line(number, _UNREADABLE.sub("\ufffd", text) if fault else text, fault)


def _lines(file: BinaryIO, encoding: str) -> Iterator[tuple[str, bool]]:
    """The lines as they stand, or the beginning of one that is too long."""
    head = rest = ""
    for block in _blocks(file, encoding):
        *whole, rest = _split(rest + block)
        for text in whole:
            long = bool(head) or len(text) > MAX_LINE
            yield (head or text[:KEPT]) if long else text, long
            head = ""
        if len(rest) > MAX_LINE:
            head = head or rest[:KEPT]
        if head:
            rest = rest[-1:] if rest.endswith("\r") else ""
    if head or rest:
        yield (head or rest), bool(head)


def _split(text: str) -> list[str]:
    """Whole lines and then the beginning of the next one, which may be empty.

    A carriage return at the very end may be half of what ends its line.
    """
    parts = io.StringIO(text, newline="").readlines()
    return [*parts, ""] if not parts or parts[-1].endswith("\n") else parts


def _blocks(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = _decoder(encoding)
    first = True
    while data := file.read(BLOCK):
        text = decoder.decode(data)
        yield text.removeprefix("\ufeff") if first else text
        first = first and not text
    try:
        yield decoder.decode(b"", final=True)
    except UnicodeError:
        # The file ends in the middle of a character: its last line is told as broken.
        yield "\udc00"


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        # Refuses what is no encoding of text, which `codecs` does not.
        canonical = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        wide = codecs.lookup(canonical.encoding).name.startswith(("utf-16", "utf-32"))
        return codecs.getincrementaldecoder(encoding)(
            "surrogatepass" if wide else "surrogateescape"
        )
    except (LookupError, ValueError) as error:
        raise SettingsError(f"unknown encoding {encoding!r}; name one such as cp1254") from error


def _fault(number: int, text: str, encoding: str, *, long: bool) -> Fault | None:
    if long:
        message = f"longer than {MAX_LINE} characters; check that the file is what it should be"
        return Fault("line_too_long", message, number)
    if "\0" in text:
        message = "it holds NUL characters, as what a crash cut off does; export the file again"
        return Fault("nul_in_line", message, number)
    if not text.isascii() and (found := _UNDECODED.search(text)):
        byte = ord(found[0]) - ESCAPE
        what = f"byte 0x{byte:02x}" if byte > MAX_ASCII else "half a character"
        message = f"{what} is not {encoding}; write the whole file in one, or name its encoding"
        return Fault("not_decodable", message, number)
    return None


def detect_encoding(file: BinaryIO) -> str:
    """UTF-8, 16 or 32 where the bytes say so, else the Windows code page of Turkish.

    That page differs from the Western one in six letters that Western exports hardly use; two
    bytes exist in the Western page alone and decide for it. Reads the file once or twice, block by
    block, and leaves it at its beginning.
    """
    encoding = _by_first_bytes(file.read(KEPT))
    file.seek(0)
    if encoding is None:
        encoding = _by_all_bytes(file)
        file.seek(0)
    return encoding


def _by_first_bytes(head: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    # Most signs of a table are ASCII, which leaves every other byte of UTF-16 empty.
    half = max(len(head) // 4, 1)
    if head[1::2].count(0) >= half > head[::2].count(0) * 4:
        return "utf-16-le"
    if head[::2].count(0) >= half > head[1::2].count(0) * 4:
        return "utf-16-be"
    return None


def _by_all_bytes(file: BinaryIO) -> str:
    """A few broken lines do not make it another encoding: most of what is not ASCII decides."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = western = 0
    for data in chain(iter(lambda: file.read(BLOCK), b""), [b""]):
        text = decoder.decode(data, final=not data)
        if not text.isascii():
            broken = len(_UNDECODED.findall(text))
            bad += broken
            good += len(text) - broken - len(text.encode("ascii", "ignore"))
            western += sum(map(data.count, ONLY_IN_CP1252))
    if not bad or good > bad:
        return "utf-8"
    return "cp1252" if western else "cp1254"
