"""The AsyncAPI document hangs together: every reference leads somewhere, every fact is said."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.asyncapi import document
from schemas.catalogue import BY_TYPE, DECIDED, FACTS, STATUS
from schemas.topics import ALL, WARRANTY_STATUS

DOCUMENT = document()


def pointers(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from pointers(child)
    elif isinstance(node, list):
        for child in node:
            yield from pointers(child)


def resolve(pointer: str) -> Any:
    place = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        place = place[step]
    return place


def headers_of(name: str) -> dict[str, Any]:
    schema = {"$ref": resolve(f"#/components/messages/{name}")["headers"]["$ref"]}
    return schema | {"components": DOCUMENT["components"]}


def test_every_reference_leads_somewhere() -> None:
    found = set(pointers(DOCUMENT))

    assert found
    assert [pointer for pointer in found if not resolve(pointer)] == []


def test_every_topic_is_a_channel_with_its_facts() -> None:
    assert set(DOCUMENT["channels"]) == {topic.name for topic in ALL}
    for topic, facts in FACTS.items():
        channel = DOCUMENT["channels"][topic.name]
        assert channel["address"] == topic.name
        assert list(channel["messages"]) == [fact.TYPE for fact in facts]
        settings = channel["bindings"]["kafka"]["topicConfiguration"]
        assert settings["retention.ms"] == topic.retention_ms
        assert "partitions" not in channel["bindings"]["kafka"]


def test_operations_speak_only_of_messages_of_their_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")


def test_every_fact_is_received_or_sent() -> None:
    spoken = {
        message["$ref"].rsplit("/", 1)[-1]
        for operation in DOCUMENT["operations"].values()
        for message in operation["messages"]
    }

    assert set(BY_TYPE) <= spoken


@pytest.mark.parametrize("name", sorted(BY_TYPE))
def test_every_message_requires_the_envelope_and_its_tenant(name: str) -> None:
    validator = Draft202012Validator(headers_of(name))
    headers = {
        "ce_specversion": "1.0",
        "ce_id": "1",
        "ce_source": "/tenants/acme/sources/till",
        "ce_type": name,
        "ce_time": "2026-01-31T10:15:00Z",
        "ce_tenant": "acme",
        "hub-seq": "7",
        "hub-epoch": "1",
    }

    assert validator.is_valid(headers)
    for missing in ("ce_id", "ce_source", "ce_type", "ce_time", "ce_tenant"):
        assert not validator.is_valid({k: v for k, v in headers.items() if k != missing})
    unnumbered = {k: v for k, v in headers.items() if not k.startswith("hub-")}
    assert validator.is_valid(unnumbered) is (BY_TYPE[name] not in STATUS)
    assert not validator.is_valid({**headers, "ce_source": "/elsewhere"})


def test_status_events_are_the_only_numbered_ones() -> None:
    assert FACTS[WARRANTY_STATUS] == DECIDED
