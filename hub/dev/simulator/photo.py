"""A photo of a unit, as small as one can be: no two of them are alike."""

import random
import struct
import zlib

PNG = "image/png"
SIDE = 32


def photo(chance: random.Random) -> bytes:
    """A picture in one colour."""
    row = b"\0" + bytes(chance.randrange(256) for _ in range(3)) * SIDE
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(row * SIDE)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)
