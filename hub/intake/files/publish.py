"""`hub publish`: a file of rows becomes events, and each line hears its answer."""

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from connectors.sdk import Connector, Origin, SettingsError
from hub.adapters.kafka import KafkaSettings, Outlet, partition_counts
from hub.adapters.postgres import Database
from hub.domain.errors import HubError
from hub.intake.files.flight import Flight, Part, parts
from hub.intake.files.folder import content_of
from hub.intake.files.reading import FileRefusedError, Job, windows
from hub.intake.files.tally import Tally
from hub.intake.files.wording import LineAnswer, readable
from hub.ledger.submit import Answer, Submitter
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from schemas.envelope import SOURCE, source_of
from schemas.topics import WARRANTY_INTAKE, Topic

PATIENCE = 60.0
LANDED = """
insert into landing (topic, part, epoch, from_offset, to_offset, body) values ($1, 0, 0, $2, $3, $4)
"""


class Screen(Protocol):
    """Where answers and progress are shown."""

    def line(self, answer: LineAnswer) -> None: ...
    def progress(self, lines: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Publication:
    """A file that a person publishes."""

    job: Job
    warning: str
    """What a person should know before the first line."""
    patience: float = PATIENCE
    """Seconds for which the answers of a window are waited for."""


@dataclass(slots=True)
class Shown:
    """The sink of a published file: what is sent is logged, what is answered is shown."""

    job: Job
    database: Database
    screen: Screen
    tally: Tally

    async def leaving(self, part: Part) -> None:
        """Log what is about to be sent: nobody would come back to do it after a crash."""
        log = (self.job.log, part.readings[0].number, part.end, part.landings)
        await self.database.execute(LANDED, *log)

    async def answered(self, part: Part, answers: Sequence[Answer]) -> None:
        """Show every line."""
        for line in self.tally.add(part.readings, answers):
            self.screen.line(line)
        self.screen.progress(self.tally.lines)


class Open:
    """The gate for what a person is waiting for."""

    async def wait(self) -> None:
        """Go on."""


def prepare(
    path: Path,
    connector: Connector[Any],
    *,
    tenant: str,
    source: str | None = None,
    map_: str | None = None,
    **options: str | None,
) -> Publication:
    """Put a job together from what a command line says; options go before the map.

    Raises:
        SettingsError: with what to change.

    """
    document = load_map(map_) | {
        name: value for name, value in options.items() if value is not None
    }
    name = source or connector.name
    settings = connector.configure(document)
    job = Job(
        path=path,
        connector=connector,
        settings=settings,
        origin=_origin(tenant, name),
        scope=f"publish/{name}/{path.name}",
        digest=_digest(path),
        received_at=datetime.now(UTC),
        revision=connector.revision,
    )
    warning = "" if "namespace" in document else _shared(getattr(settings, "namespace", ""))
    return Publication(job, warning)


def _origin(tenant: str, name: str) -> Origin:
    if SOURCE.match(source_of(tenant, name)) is None:
        message = (
            f"tenant {tenant!r} or source {name!r} cannot stand in an event; "
            "use lower case letters, digits and hyphens"
        )
        raise SettingsError(message)
    return Origin(tenant, name)


def _digest(path: Path) -> str:
    if not path.is_file():
        raise SettingsError(f"{path}: no such file; check the path")
    try:
        return content_of(path.resolve()).digest
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; check the path") from error


def _shared(namespace: str) -> str:
    if not namespace:
        return ""
    return (
        f"no --namespace given: order numbers count as those of {namespace!r}, and two shops' "
        "receipts of one number would meet; give each source that numbers by itself its own"
    )


def load_map(text: str | None) -> dict[str, Any]:
    """A TOML file, or `field=Column,field=Column+Column`, as the connector's settings.

    Raises:
        SettingsError: it is neither.

    """
    if text is None:
        return {}
    if Path(text).is_file():
        try:
            return tomllib.loads(Path(text).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{text} is not TOML: {error}") from error
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(equals and name.strip() and column.strip() for name, equals, column in pairs):
        message = f"map {text!r} is no file and not like order=Receipt,sold_at=Date+Time"
        raise SettingsError(message)
    columns = {name.strip(): [c.strip() for c in column.split("+")] for name, _, column in pairs}
    return {"columns": columns}


def dry_run(job: Job, screen: Screen) -> Tally:
    """Read and translate only. Needs neither Kafka nor Postgres."""
    tally = Tally()
    try:
        for window in windows(job):
            for reading in window:
                tally.events += len(reading.events)
                for line in readable(reading):
                    tally.told(line)
                    screen.line(line)
            screen.progress(tally.lines)
    except FileRefusedError as error:
        tally.error = str(error)
    return tally


async def publish_file(  # noqa: PLR0913 - what is published, and where to
    publication: Publication,
    screen: Screen,
    *,
    database: AbstractAsyncContextManager[Database],
    kafka: KafkaSettings,
    topic: Topic = WARRANTY_INTAKE,
    elsewhere: Mapping[str, Topic] | None = None,
) -> Tally:
    """Publish a file and show what was decided of each line, in the order of the file.

    Facts of the types that stand in `elsewhere` go to another topic.

    A second run publishes nothing that was decided, and shows the same answers.
    """
    job, tally = publication.job, Tally()
    outlet = Outlet(kafka)
    try:
        async with database as opened:
            partitions = await partitions_of(kafka, topic)
            submitter = Submitter(opened, outlet, topic, partitions, elsewhere)
            shown = Shown(job, opened, screen, tally)
            flight = Flight(submitter, shown, Open(), publication.patience)
            await flight.run(parts(job, windows(job)))
    except FileRefusedError as error:
        tally.error = str(error)
    except (BrokerUnavailableError, StoreUnavailableError) as error:
        tally.error = _away(error, kafka)
    finally:
        await outlet.stop()
    return tally


async def partitions_of(kafka: KafkaSettings, topic: Topic) -> int:
    """The partition count of a topic.

    Raises:
        BrokerUnavailableError: Kafka does not answer, or there is no such topic.

    """
    counts = await partition_counts(kafka, [topic.name])
    if not counts:
        raise BrokerUnavailableError(f"there is no topic {topic.name}; run: hub topics apply")
    return counts[topic.name]


def _away(error: HubError, kafka: KafkaSettings) -> str:
    if isinstance(error, BrokerUnavailableError):
        cause = f"Kafka at {kafka.bootstrap} does not answer as needed: check it and HUB_KAFKA"
    else:
        cause = "Postgres does not answer: check it and HUB_POSTGRES"
    return f"{cause}, then run the same command again; nothing is counted twice. ({error})"
