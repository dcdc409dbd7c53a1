"""An operator at a terminal, whose commands may be killed like anything else."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from contextlib import suppress
from dataclasses import dataclass

from hub.dev.crash.installation import Installation, PreparationError, hub
from hub.dev.crash.tally.processor import INTAKE
from hub.dev.crash.tally.stage import database

_BULK = "select max(id) from redrive"
_UNFINISHED = "select id from redrive where ready_at is null and ended_at is null order by id"


@dataclass(slots=True)
class Operator:
    """Asks for dead letters to be tried again, all at once and so many a second."""

    place: Installation
    killed: int = 0

    async def redrive(self, rate: float, *, kill_after: float | None = None) -> int:
        """Want every dead letter tried again; gives the bulk's number.

        The command may be killed while it marks them, and the rest is then marked by another one.
        """
        chosen = ("--topic", INTAKE.name, "--state", "dead_lettered", "--rate", f"{rate:g}")
        words = ("redrive", *chosen, "--reason", "the counting house is mended", "--by", "operator")
        if kill_after is None:
            await self.place.run(*words)
        else:
            await self._killed(kill_after, *words)
        async with database(self.place) as db:
            for row in await db.fetch(_UNFINISHED):
                await self.place.run(
                    *("redrives", "--continue", str(row["id"])),
                    *("--reason", "it was interrupted", "--by", "operator"),
                )
            number = await db.fetchval(_BULK)
        if number is None:
            return await self.redrive(rate)
        return int(number)

    async def watch(self, number: int, seconds: float) -> None:
        """Look on until the bulk is over, through a command that is killed and begun anew."""
        while not await self._killed(seconds, "redrives", "--watch", str(number)):
            pass

    async def _killed(self, seconds: float, *words: str) -> bool:
        """Whether it ended by itself before it was killed."""
        process = await asyncio.create_subprocess_exec(
            *hub(*words), env=self.place.env(), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
        said = asyncio.create_task(process.communicate())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(said), seconds)
            self._check(process, (await said)[0], words)
            return True
        process.send_signal(signal.SIGKILL)
        await said
        self.killed += 1
        return False

    def _check(self, process: Process, said: bytes, words: tuple[str, ...]) -> None:
        # 1: some items are open again, which is for the check to judge.
        if process.returncode not in {0, 1}:
            raise PreparationError(f"hub {' '.join(words)} failed:\n{said.decode()}")
