"""The AsyncAPI 3 document: every topic as a channel, every fact on it as a message."""

import re
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.base import Fact
from schemas.catalogue import (
    BY_HAND,
    BY_TYPE,
    CATALOG_DECIDED,
    CATALOG_LETTERS,
    CATALOG_TOLD,
    DECIDED,
    FACTS,
    LAID_DOWN,
    LETTERS,
    STATUS,
    TOLD,
)
from schemas.envelope import MAX_ID, SOURCE
from schemas.topics import (
    ALL,
    CATALOG_DEAD_LETTERS,
    CATALOG_INTAKE,
    CATALOG_STATUS,
    WARRANTY_DEAD_LETTERS,
    WARRANTY_INTAKE,
    WARRANTY_STATUS,
    Topic,
)

SEALED = "dead_letter"
TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "string", "pattern": "^[0-9]+$"}
INSTANT = {"type": "string", "format": "date-time"}

ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode: attributes as Kafka headers, UTF-8.",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_tenant"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {**TEXT, "maxLength": MAX_ID},
        "ce_source": {"type": "string", "pattern": re.sub(r"\?P<\w+>", "", SOURCE.pattern)},
        "ce_type": TEXT,
        "ce_time": INSTANT,
        "ce_tenant": {**TEXT, "description": "The merchant; the same as in ce_source."},
        "ce_subject": {**TEXT, "description": "The entity the event is about, such as wty_…"},
        "ce_partitionkey": {**TEXT, "description": "The home, and the Kafka key."},
        "ce_correlationid": TEXT,
        "ce_causationid": TEXT,
        "traceparent": {**TEXT, "description": "W3C trace context."},
        "content-type": {"const": "application/json"},
    },
}
SEQUENCE: dict[str, Any] = {
    "type": "object",
    "description": "Readers apply only the next hub-seq of a partition; the wire may repeat.",
    "required": ["hub-seq", "hub-epoch"],
    "properties": {
        "hub-seq": {**COUNT, "description": "Counts the status events of a partition."},
        "hub-epoch": {**COUNT, "description": "Grows whenever a partition changes its owner."},
    },
}
SET_ASIDE: dict[str, Any] = {
    "type": "object",
    "description": "Where the record came from and why it was set aside, beside its ce_* headers.",
    "required": ["hub-original-topic", "hub-original-partition", "hub-original-offset"],
    "properties": {
        "hub-original-topic": TEXT,
        "hub-original-partition": COUNT,
        "hub-original-offset": COUNT,
        "hub-reason": {"type": "string"},
        "hub-attempts": COUNT,
    },
}


def document() -> dict[str, Any]:
    """The whole document, the same for the same contract."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Warranty Hub",
            "version": "1.0.0",
            "description": "What the hub is told and what it decides, as events on Kafka.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in ALL},
        "operations": _operations(),
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "messageTraits": {
                "cloudEvent": {"headers": {"$ref": "#/components/schemas/CloudEventHeaders"}}
            },
        },
    }


def _names(topic: Topic) -> list[str]:
    return [fact.TYPE for fact in FACTS[topic]] if topic in FACTS else [SEALED]


def _channel(topic: Topic) -> dict[str, Any]:
    settings = topic.settings()
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.about}. Written by {topic.writers}; read by {topic.readers}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        # How many partitions and replicas there are is the installation's to say.
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {
                    "cleanup.policy": [settings["cleanup.policy"]],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations() -> dict[str, Any]:
    """From where the hub stands: it receives what others send."""
    return {
        "receiveIntake": _operation("receive", WARRANTY_INTAKE, TOLD, "What the hub is told"),
        "receiveByHand": _operation(
            "receive", WARRANTY_INTAKE, BY_HAND, "What doors tell the hub that people decided"
        ),
        "sendLetters": _operation(
            "send", WARRANTY_INTAKE, LETTERS, "What one home of the hub writes to another"
        ),
        "receiveLetters": _operation(
            "receive", WARRANTY_INTAKE, LETTERS, "What one home of the hub reads from another"
        ),
        "sendStatus": _operation("send", WARRANTY_STATUS, DECIDED, "What the hub decided"),
        "sendDeadLetters": _set_aside(WARRANTY_DEAD_LETTERS),
        "receiveCatalog": _operation(
            "receive", CATALOG_INTAKE, LAID_DOWN, "What doors tell the hub that people laid down"
        ),
        "receiveCatalogIntake": _operation(
            "receive", CATALOG_INTAKE, CATALOG_TOLD, "What the hub is told of products and stock"
        ),
        "sendCatalogLetters": _operation(
            "send", CATALOG_INTAKE, CATALOG_LETTERS, "What homes of warranties write to the catalog"
        ),
        "receiveCatalogLetters": _operation(
            "receive", CATALOG_INTAKE, CATALOG_LETTERS, "What the catalog reads from them"
        ),
        "sendCatalogStatus": _operation(
            "send", CATALOG_STATUS, CATALOG_DECIDED, "What the hub decided of it"
        ),
        "sendCatalogDeadLetters": _set_aside(CATALOG_DEAD_LETTERS),
    }


def _set_aside(topic: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": _pointer("channels", topic.name)},
        "summary": "What the hub could not decide, sealed",
        "messages": [{"$ref": _pointer("channels", topic.name, SEALED)}],
    }


def _operation(
    action: str, topic: Topic, facts: tuple[type[Fact], ...], summary: str
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": _pointer("channels", topic.name)},
        "summary": summary,
        "messages": [{"$ref": _pointer("channels", topic.name, fact.TYPE)} for fact in facts],
        "bindings": {"kafka": {"bindingVersion": "0.5.0"}},
    }


def _pointer(room: str, name: str, message: str = "") -> str:
    return f"#/{room}/{name}" + (f"/messages/{message}" if message else "")


def _messages() -> dict[str, Any]:
    messages = {
        name: _message(fact, decided=fact in STATUS) for name, fact in sorted(BY_TYPE.items())
    }
    messages[SEALED] = {
        "name": SEALED,
        "title": "A record that could not be decided",
        "contentType": "application/octet-stream",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
        "payload": {"type": "string", "format": "binary"},
        "bindings": _key(),
    }
    return messages


def _message(fact: type[Fact], *, decided: bool) -> dict[str, Any]:
    headers = "StatusHeaders" if decided else "CloudEventHeaders"
    return {
        "name": fact.TYPE,
        "title": fact.__name__,
        "summary": (fact.__doc__ or "").strip(),
        "contentType": "application/json",
        "headers": {"$ref": f"#/components/schemas/{headers}"},
        "payload": {"$ref": f"#/components/schemas/{fact.__name__}"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": _key(),
    }


def _key() -> dict[str, Any]:
    key = {"type": "string", "description": "The home; the hub places a record that has none."}
    return {"kafka": {"key": key, "bindingVersion": "0.5.0"}}


def _schemas() -> dict[str, Any]:
    facts = [(fact, "validation") for fact in BY_TYPE.values()]
    _, made = models_json_schema(facts, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type] # the mode is a literal
    return {
        **made["$defs"],
        "CloudEventHeaders": ENVELOPE,
        "StatusHeaders": {
            "allOf": [{"$ref": "#/components/schemas/CloudEventHeaders"}, SEQUENCE],
        },
        "DeadLetterHeaders": SET_ASIDE,
    }
