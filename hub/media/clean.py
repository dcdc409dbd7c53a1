"""`python -m hub.media.clean`: one file of a stranger's, read and written anew; bounded, and without keys.

The file comes on standard input. The answer on standard output is one line of JSON, then the clean file.
"""

import resource
import sys

import msgspec

from hub.media.content import Kind, NotTakenError, kind_of

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 20


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it."""

    kind: str = ""
    width: int = 0
    height: int = 0
    pages: int = 0
    code: str = ""
    """Why it is not taken; empty where it is."""
    message: str = ""


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    body = sys.stdin.buffer.read()
    try:
        said, clean = cleaned(body)
    except NotTakenError as error:
        said, clean = Said(code=error.code, message=str(error)), b""
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n" + clean)
    return 0


def cleaned(body: bytes) -> tuple[Said, bytes]:
    """The clean file, and what it is.

    Raises:
        NotTakenError: it is not taken.

    """
    kind = kind_of(body)
    # Imported once the process is bounded, and only by what reads this kind.
    if kind is Kind.PDF:
        from hub.media.papers import written_anew  # noqa: PLC0415

        clean, pages = written_anew(body)
        return Said(kind=kind, pages=pages), clean
    from hub.media.pictures import drawn_anew  # noqa: PLC0415

    clean, width, height = drawn_anew(body, kind)
    return Said(kind=Kind.JPEG, width=width, height=height), clean


if __name__ == "__main__":
    sys.exit(main())
