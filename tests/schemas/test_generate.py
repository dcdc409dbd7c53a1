"""The committed schemas are what the models say, and cannot be broken by accident."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from polyfactory.factories.pydantic_factory import ModelFactory
from pydantic import ValidationError

import schemas.generate
from schemas.base import Fact
from schemas.catalogue import BY_TYPE
from schemas.generate import broken, drifted, generated, json_schema, main, write

COMMITTED = Path(schemas.generate.__file__).parent
TYPES = sorted(BY_TYPE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, generated())
    return tmp_path


def edit(path: Path, change: dict[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | change), encoding="utf-8")


def test_committed_schemas_have_not_drifted() -> None:
    assert drifted(COMMITTED, generated()) == [], "run: make schemas"
    assert broken(COMMITTED, generated()) == []


@pytest.mark.parametrize("name", TYPES)
def test_every_schema_is_valid_and_names_no_host(name: str) -> None:
    schema = json_schema(name)

    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:warranty-hub:schema:{name}"


@pytest.mark.parametrize("name", TYPES)
def test_every_schema_takes_what_its_model_writes(name: str) -> None:
    written = example(name).model_dump_json(exclude_none=True)

    Draft202012Validator(json_schema(name)).validate(json.loads(written))


def example(name: str) -> Fact:
    class Example(ModelFactory[Fact]):
        __model__ = BY_TYPE[name]
        __check_model__ = False

    zone: dict[str, Any] = {"zone": "UTC"} if "zone" in BY_TYPE[name].model_fields else {}
    for seed in range(100):
        Example.seed_random(seed)
        # The generator does not know that blanks are stripped before the length counts.
        with suppress(ValidationError):
            return Example.build(**zone)
    pytest.fail(f"no example of {name} in 100 tries")


def test_refuses_to_overwrite_a_schema_that_would_break(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "json" / "sale.recorded.v1.json"
    schema = json.loads(path.read_text())
    schema["properties"]["colour"] = {"type": "string"}
    schema["properties"]["sold_at"]["type"] = "integer"
    edit(path, schema)

    assert main([], folder) == 1
    said = capsys.readouterr().err
    assert "sale.recorded.v1: colour: removed" in said
    assert "sale.recorded.v1: sold_at: retyped from integer to string" in said
    assert "vN+1" in said
    assert "colour" in path.read_text()


def test_refuses_to_forget_an_event_type(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "json" / "sale.recorded.v0.json").write_text("{}")

    assert main([], folder) == 1
    assert "sale.recorded.v0: removed" in capsys.readouterr().err


def test_writes_what_only_adds(folder: Path) -> None:
    edit(folder / "json" / "sale.recorded.v1.json", {"description": "said worse"})
    (folder / "asyncapi.json").unlink()

    assert main([], folder) == 0
    assert drifted(folder, generated()) == []


def test_check_says_what_drifted_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], folder) == 0
    edit(folder / "asyncapi.json", {"id": "urn:other"})

    assert main(["--check"], folder) == 1
    assert "asyncapi.json is not what the models say" in capsys.readouterr().err
    assert drifted(folder, generated()) == ["asyncapi.json"]
