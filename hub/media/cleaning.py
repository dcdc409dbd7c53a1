"""Has a stranger's file cleaned in a process of its own, a few at a time."""

import asyncio
import os
import sys
from dataclasses import dataclass, field

import msgspec

from hub.media.clean import Said
from hub.media.content import NotTakenError, kind_of

AT_ONCE = 2
SECONDS = 30.0
COSTLY = "the file takes too much to open; send a smaller or simpler one"

_said = msgspec.json.Decoder(Said).decode


@dataclass(frozen=True, slots=True)
class Clean:
    """A file as it is kept."""

    kind: str
    body: bytes = field(repr=False)
    width: int = 0
    height: int = 0
    pages: int = 0


class Cleaner:
    """Cleans files; what is asked beyond a few at once waits its turn."""

    def __init__(self) -> None:
        """Begin."""
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def clean(self, body: bytes) -> Clean:
        """The file as it may be kept.

        Raises:
            NotTakenError: it is not taken.

        """
        kind_of(body)
        async with self._turns:
            answer = await _in_a_process(body)
        head, _, clean = answer.partition(b"\n")
        said = _said(head)
        if said.code:
            raise NotTakenError(said.code, said.message)
        return Clean(said.kind, clean, said.width, said.height, said.pages)


async def _in_a_process(body: bytes) -> bytes:
    """What the process says; one that dies of the file or is too slow is as good as a refusal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "hub.media.clean"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Nothing of ours is told to whatever reads the file.
        env={"PATH": os.defpath},
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate(body)
    except TimeoutError as error:
        raise NotTakenError("too_costly", COSTLY) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or b"\n" not in said:
        raise NotTakenError("too_costly", COSTLY)
    return said
