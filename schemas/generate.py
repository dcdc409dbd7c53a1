"""Write the JSON Schemas and the AsyncAPI document, and refuse to break what is committed."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.asyncapi import document
from schemas.catalogue import BY_TYPE
from schemas.compatibility import incompatibilities
from schemas.policies import MODELS

HERE = Path(__file__).parent
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def json_schema(type_name: str) -> dict[str, Any]:
    """The JSON Schema of an event type."""
    return {
        "$schema": JSON_SCHEMA,
        "$id": f"urn:warranty-hub:schema:{type_name}",
        **BY_TYPE[type_name].model_json_schema(),
    }


def policy_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a policy's document."""
    return {
        "$schema": JSON_SCHEMA,
        "$id": f"urn:warranty-hub:policy:{name}",
        **MODELS[name].model_json_schema(),
    }


def generated() -> dict[str, dict[str, Any]]:
    """Every file by its path below this folder."""
    files = {f"json/{name}.json": json_schema(name) for name in sorted(BY_TYPE)}
    policies = {f"json/policy.{name}.json": policy_schema(name) for name in sorted(MODELS)}
    return files | policies | {"asyncapi.json": document()}


def broken(folder: Path, files: Mapping[str, dict[str, Any]]) -> list[str]:
    """Each way in which the files to write break what the folder holds."""
    found = []
    for path in sorted((folder / "json").glob("*.json")):
        name = f"json/{path.name}"
        if name not in files:
            found.append(f"{path.stem}: removed; keep the type, readers may still meet it")
            continue
        old = json.loads(path.read_text(encoding="utf-8"))
        found += [f"{path.stem}: {why}" for why in incompatibilities(old, files[name])]
    return found


def drifted(folder: Path, files: Mapping[str, dict[str, Any]]) -> list[str]:
    """The files that are missing, left over, or not what the models say."""
    there = {"asyncapi.json", *(f"json/{path.name}" for path in (folder / "json").glob("*.json"))}
    stale = [
        name
        for name in files
        if not (folder / name).is_file()
        or (folder / name).read_text(encoding="utf-8") != _text(files[name])
    ]
    return sorted({*stale, *(there - set(files))})


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path, files: Mapping[str, dict[str, Any]]) -> None:
    """Write every file."""
    (folder / "json").mkdir(exist_ok=True)
    for name, schema in files.items():
        (folder / name).write_text(_text(schema), encoding="utf-8")


def main(arguments: list[str] | None = None, folder: Path = HERE) -> int:
    """Generate, or with `--check` only compare; 1 where something must be done first."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files, write none")
    check = parser.parse_args(arguments).check
    files = generated()
    wrong = broken(folder, files)
    for why in wrong:
        sys.stderr.write(f"{why}\n")
    if wrong:
        sys.stderr.write("Nothing was written: give the new meaning a new version (vN+1).\n")
        return 1
    if not check:
        write(folder, files)
        return 0
    for name in (stale := drifted(folder, files)):
        sys.stderr.write(f"{name} is not what the models say; run: make schemas\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
