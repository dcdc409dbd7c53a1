"""`python -m hub.dev.simulator`: stand at every door until told to stop; with `--for` fall silent before."""

import argparse
import asyncio
import json
import random
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.dev.simulator.doors import Doors, Way
from hub.dev.simulator.feed import Feed
from hub.dev.simulator.mailbox import MAIL, Mailbox, mailing
from hub.dev.simulator.receivers import Receivers, behaviours, receiving
from hub.dev.simulator.stories import Teller
from hub.dev.simulator.taken import Book
from hub.settings import Settings
from hub.telemetry.logging import configure_logging

MOST_SUBJECTS = 20
_LAST_WORDS_SECONDS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.simulator", description=__doc__)
    parser.add_argument("--run", required=True, help="what this run's order numbers begin with")
    parser.add_argument("--doors", type=Path, required=True, help="JSON: where they are, with keys")
    parser.add_argument("--rate", type=float, default=20, help="things said a second")
    parser.add_argument("--for", dest="seconds", type=float, help="then fall silent")
    parser.add_argument("--note", type=Path, help="a file to write once everything is at its door")
    parser.add_argument(
        "--book", type=Path, required=True, help="where receivers note what they took"
    )
    chosen = parser.parse_args(arguments)
    settings = Settings()
    configure_logging(settings.log_level, "simulator")
    noted = json.loads(chosen.doors.read_text())
    ports = noted.get("ports", {})
    with Book(chosen.book) as book:
        outside = _outside(settings, chosen.rate, book)
        asyncio.run(_simulate(_way(settings, noted), chosen, outside, ports))


def _way(settings: Settings, noted: Mapping[str, Any]) -> Way:
    return Way(
        kafka=settings.kafka_settings(),
        partitions=settings.partitions,
        api=noted["api"],
        push=noted["push"],
        drop=Path(noted["drop"]),
        keys=noted["private"]["keys"],
        secrets=noted["private"]["secrets"],
        password=noted["private"]["password"],
    )


@dataclass(frozen=True, slots=True)
class _Outside:
    """Everybody who is told."""

    receivers: Receivers
    mailbox: Mailbox

    def as_json(self) -> dict[str, Any]:
        """What they did so far."""
        done = {**self.receivers.done, MAIL: self.mailbox.answers}
        return {"receivers": done, "mails": dict(self.mailbox.subjects.most_common(MOST_SUBJECTS))}


def _outside(settings: Settings, rate: float, book: Book) -> _Outside:
    # A demo need not be repeatable: the wall clock is in it already.
    chance = random.Random()  # noqa: S311
    known = behaviours(chance, rate, settings.delivery_scale)
    return _Outside(Receivers(known, book.note), Mailbox(chance, book.note))


async def _simulate(
    way: Way, chosen: argparse.Namespace, outside: _Outside, ports: Mapping[str, int]
) -> None:
    silent, stopped = _asked_to_end(chosen.seconds)
    # A demo need not be repeatable: the wall clock is in it already.
    chance = random.Random()  # noqa: S311
    async with (
        receiving(outside.receivers, ports.get("receivers", 0)),
        mailing(outside.mailbox, ports.get("mail", 0)),
        Doors(way, chosen.run, chance) as doors,
    ):
        feed = Feed(doors, Teller(chosen.run, chance), chosen.rate, chance)
        telling = asyncio.create_task(feed.run(silent))
        await asyncio.wait(
            [telling, asyncio.create_task(stopped.wait())], return_when="FIRST_COMPLETED"
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(telling, _LAST_WORDS_SECONDS)
        said = {"run": chosen.run, "silent": telling.done() and not telling.cancelled()}
        said |= {"said": feed.said, "heard": doors.heard}
        _note(chosen.note, said | outside.as_json())
        await stopped.wait()
    _note(chosen.note, said | outside.as_json())


def _note(path: Path | None, said: Mapping[str, Any]) -> None:
    """What they sent and heard; those who are told go on hearing until the end."""
    if path:
        path.write_text(json.dumps(said))


def _asked_to_end(seconds: float | None) -> tuple[asyncio.Event, asyncio.Event]:
    """Set when nothing new is to be told, and when the process is to end."""
    silent, stopped = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        silent.set()
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if seconds is not None:
        loop.call_later(seconds, silent.set)
    return silent, stopped


if __name__ == "__main__":
    main()
