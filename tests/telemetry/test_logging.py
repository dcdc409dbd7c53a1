"""What a log line says, and what it can never say."""

import json
import logging
import subprocess
import sys

import pytest

from hub.telemetry.logging import presentable, redact, scrubbed

CANARIES = ("canary-secret", "ayse@example.com", "+90 532 123 45 67", "Ayse Yilmaz")

PROGRAM = """
import logging, structlog
from pydantic import BaseModel
from hub.domain.errors import HubError
from hub.telemetry.logging import configure_logging

class Person(BaseModel):
    age: int

configure_logging("info", "process")
log = structlog.get_logger("hub.worker")
log.info("batch.committed", partition=3, seconds=0.25)
log.debug("batch.decided")
log.info("kafka.connected", kafka_password="canary-secret", bootstrap="kafka:9092")
log.info("postgres.connected", url="postgresql://hub:canary-secret@db/hub", customer="Ayse Yilmaz")
log.warning("event.refused", reason="ayse@example.com and +90 532 123 45 67 are no serial")
log.info("contact.sealed", contact={"name": "Ayse Yilmaz", "email": "ayse@example.com"})
logging.getLogger("aiokafka").warning("Unable to reach %s password=canary-secret", "node 1")
logging.getLogger("aiokafka").info("chatter")
try:
    Person.model_validate({"age": "Ayse Yilmaz"})
except ValueError:
    log.exception("event.failed")
try:
    try:
        {}["Ayse Yilmaz"]
    except KeyError as error:
        raise ExceptionGroup("Ayse Yilmaz", [HubError("the store is away"), error]) from error
except ExceptionGroup:
    logging.getLogger("aiokafka").exception("library.failed")
"""


@pytest.fixture(scope="module")
def output() -> str:
    """The stderr of a process that logs what it must not."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr


def test_every_line_is_json_that_names_its_process(output: str) -> None:
    lines = [json.loads(line) for line in output.splitlines()]

    assert {line["process"] for line in lines} == {"process"}
    assert lines[0] | {"timestamp": ""} == {
        "event": "batch.committed",
        "level": "info",
        "logger": "hub.worker",
        "partition": 3,
        "process": "process",
        "seconds": 0.25,
        "timestamp": "",
    }


@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_appears(output: str, canary: str) -> None:
    assert canary not in output


def test_libraries_log_through_the_same_door(output: str) -> None:
    events = [json.loads(line)["event"] for line in output.splitlines()]

    assert "Unable to reach node 1 password=hidden" in events
    assert "chatter" not in events
    assert "batch.decided" not in events


def test_a_traceback_is_kept_without_the_values_it_quotes(output: str) -> None:
    of_event, of_library = (json.loads(line) for line in output.splitlines()[-2:])

    assert (of_event["event"], of_library["event"]) == ("event.failed", "library.failed")
    assert "ValidationError: hidden" in of_event["exception"]
    assert "in <module>" in of_event["exception"]
    assert of_library["exception"].count("KeyError: hidden") == 2
    assert "HubError: the store is away" in of_library["exception"]


@pytest.mark.parametrize("value", ["ayse@example.com", "+90 532 123 45 67"])
@pytest.mark.parametrize("left", range(4, 16, 3))
def test_what_is_cut_off_in_the_middle_is_hidden_all_the_same(value: str, left: int) -> None:
    said = presentable("x " * 50 + value, 100 + left)

    assert value[:4] not in said
    assert len(said) <= 100 + left


def test_a_field_that_is_not_on_the_list_is_hidden() -> None:
    assert redact(logging, "info", {"event": "x.y", "holder": "Ayse", "size": 3, "tries": 2}) == {
        "event": "x.y",
        "holder": "hidden",
        "size": 3,
        "tries": 2,
    }


@pytest.mark.parametrize(
    "harmless",
    [
        "warranty.intake.v1[3] stands at 12345678",
        "2026-11-21T21:28:00+00:00",
        "wty_abcdefghijklmnop_12",
        "offset 1000000000000 of 2000000000000",
        "postgresql://hub@127.0.0.1:5432/hub",
    ],
)
def test_what_is_harmless_stays_readable(harmless: str) -> None:
    assert scrubbed(harmless) == harmless
