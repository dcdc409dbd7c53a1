"""What a new JSON Schema may not do to an old one: whoever relied on the old must not notice."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
FIXED = ("pattern", "format", "multipleOf", "uniqueItems")


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Each way in which `new` breaks what `old` promised; a new meaning needs a new version."""
    return list(_Comparison(old, new).all())


class _Comparison:
    """Walks both schemas side by side; no two nodes meet twice, so recursion ends."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self._met: set[tuple[int, int]] = set()

    def all(self) -> Iterator[str]:
        yield from self._compare(self._old, self._new, "")

    def _compare(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        if "default" in old and old["default"] != new.get("default"):
            was, now = old["default"], new.get("default")
            yield f"{_at(path)}: its default was {was!r} and is now {now!r}"
        if (id(old), id(new)) in self._met:
            return
        self._met.add((id(old), id(new)))
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        before, after = self._choices(old, self._old), self._choices(new, self._new)
        if sorted(before) != sorted(after):
            yield f"{_at(path)}: retyped from {_either(before)} to {_either(after)}"
            return
        for kind, was in before.items():
            yield from self._same_kind(was, after[kind], path)

    def _choices(self, schema: Schema, root: Schema) -> dict[str, Schema]:
        """The alternatives of a schema by their type."""
        given = schema.get("anyOf") or schema.get("oneOf") or [schema]
        choices = [_resolved(choice, root) for choice in given]
        return {_kind(choice): choice for choice in choices}

    def _same_kind(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        yield from _values(old, new, path)
        yield from _limits(old, new, path)
        yield from self._fields(old, new, path)
        if "items" in old or "items" in new:
            yield from self._compare(old.get("items", {}), new.get("items", {}), f"{path}[]")

    def _fields(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in sorted(set(before) - set(after)):
            yield f"{_at(path, name)}: removed"
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{_at(path, name)}: newly required"
        if old.get("additionalProperties", True) is True and not new.get(
            "additionalProperties", True
        ):
            yield f"{_at(path)}: no longer takes fields it does not know"
        for name, was in before.items():
            if name in after:
                yield from self._compare(was, after[name], f"{path}.{name}")


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema behind a reference, with what stands beside the reference."""
    if "$ref" not in schema:
        return schema
    target: Any = root
    for step in str(schema["$ref"]).removeprefix("#/").split("/"):
        target = target[step]
    return {**_resolved(target, root), **{k: v for k, v in schema.items() if k != "$ref"}}


def _kind(schema: Schema) -> str:
    if "type" in schema:
        return str(schema["type"])
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return "/".join(sorted({type(value).__name__ for value in values})) or "anything"


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _allowed(old), _allowed(new)
    if after is None:
        return
    if before is None:
        yield f"{_at(path)}: now only {', '.join(map(repr, after))}"
        return
    gone = [value for value in before if value not in after]
    if gone:
        yield f"{_at(path)}: no longer {', '.join(map(repr, gone))}"


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return list(schema["enum"]) if "enum" in schema else None


def _limits(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for name in LOWER_LIMITS:
        if name in new and (name not in old or new[name] > old[name]):
            yield _tightened(path, name, old, new)
    for name in UPPER_LIMITS:
        if name in new and (name not in old or new[name] < old[name]):
            yield _tightened(path, name, old, new)
    for name in FIXED:
        if name in new and new[name] != old.get(name):
            yield _tightened(path, name, old, new)


def _tightened(path: str, name: str, old: Schema, new: Schema) -> str:
    return f"{_at(path)}: {name} was {old.get(name, 'free')} and is now {new[name]}"


def _at(path: str, name: str = "") -> str:
    return f"{path}.{name}".strip(".") if name else path.strip(".") or "the whole"


def _either(kinds: Mapping[str, Schema]) -> str:
    return " or ".join(sorted(kinds))
