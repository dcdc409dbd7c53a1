"""`hub publish`: a file of sales and returns becomes events, and each line hears its answer."""

import tomllib
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from connectors.sdk import Connector, Origin, SettingsError, Translated
from hub.adapters.kafka import KafkaSettings, Outlet, partition_counts
from hub.adapters.postgres import Database
from hub.domain.errors import HubError
from hub.intake.flight import Job, Screen, Tally, stream, windows
from hub.intake.wording import would_send
from hub.ledger.submit import Submitter
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from schemas.envelope import SOURCE, source_of
from schemas.topics import WARRANTY_INTAKE, Topic


def prepare(
    path: Path,
    connector: Connector[Any],
    *,
    tenant: str,
    source: str | None = None,
    map_: str | None = None,
    **options: str | None,
) -> Job:
    """Put a job together from what a command line says; options go before the map.

    Raises:
        SettingsError: with what to change.

    """
    document = load_map(map_) | {
        name: value for name, value in options.items() if value is not None
    }
    name = source or connector.name
    if SOURCE.match(source_of(tenant, name)) is None:
        message = (
            f"tenant {tenant!r} or source {name!r} cannot stand in an event; "
            "use lower case letters, digits and hyphens"
        )
        raise SettingsError(message)
    if not path.is_file():
        raise SettingsError(f"{path}: no such file; check the path")
    settings = connector.configure(document)
    warning = "" if "namespace" in document else _shared(getattr(settings, "namespace", ""))
    return Job(path, connector, settings, Origin(tenant, name), warning=warning)


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
        for outlook in windows(job, tally):
            for item in outlook:
                for answer in would_send(item) if isinstance(item, Translated) else (item,):
                    screen.line(answer)
            screen.progress(tally.lines)
    except SettingsError as error:
        tally.error = str(error)
    return tally


async def publish_file(
    job: Job,
    screen: Screen,
    *,
    database: AbstractAsyncContextManager[Database],
    kafka: KafkaSettings,
    topic: Topic = WARRANTY_INTAKE,
) -> Tally:
    """Publish a file and show what was decided of each line, in the order of the file.

    A second run publishes nothing that was decided, and shows the same answers.
    """
    tally = Tally()
    outlet = Outlet(kafka)
    try:
        async with database as opened:
            submitter = Submitter(opened, outlet, topic, await _partitions(kafka, topic))
            await stream(job, submitter, screen, tally)
    except SettingsError as error:
        tally.error = str(error)
    except (BrokerUnavailableError, StoreUnavailableError) as error:
        tally.error = _away(error, kafka)
    finally:
        await outlet.stop()
    return tally


async def _partitions(kafka: KafkaSettings, topic: Topic) -> int:
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
