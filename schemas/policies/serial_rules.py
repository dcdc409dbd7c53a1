"""What a serial of a product looks like. Patterns take linear time, whatever they are."""

import re
import unicodedata
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import re2
from pydantic import Field, StringConstraints, model_validator

from schemas.policies.parts import Label, Policy, Strict, wrong_at

MAX_MEMORY, WITH_CLASSES = 1 << 15, 1 << 18
"""Bytes a compiled pattern may take: `(x{1000}){1000}` is short to write and long to keep."""
UNICODE_CLASS = re.compile(r"\\[pP]")
MOST_CLASSES = 20
"""Classes such as `\\pL` in all rules together: each takes some milliseconds to be read, whatever it is for."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The pattern, ready to match.

    Raises:
        ValueError: it is none, or would take too much.

    """
    options = re2.Options()
    options.max_mem = WITH_CLASSES if UNICODE_CLASS.search(pattern) else MAX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(
            f"this pattern cannot be used ({said}); write it in RE2's syntax, which has no "
            "look-around and no back-references"
        ) from error


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class SerialRule(Strict):
    """A rule for a product, for a category, or for whatever has none of its own."""

    product: Label | None = None
    category: Label | None = None
    pattern: Pattern
    match: Literal["full", "prefix"] = "full"
    normalise: tuple[Literal["upper", "no_spaces", "no_dashes"], ...] = ("upper", "no_spaces")
    """What is done to a serial before it is compared; the serial itself is kept as given."""

    def fits(self, serial: str) -> bool:
        """Whether a serial is one by this rule."""
        text = unicodedata.normalize("NFKC", serial)
        if "upper" in self.normalise:
            text = text.upper()
        if "no_spaces" in self.normalise:
            text = "".join(text.split())
        if "no_dashes" in self.normalise:
            text = text.replace("-", "")
        pattern = compiled(self.pattern)
        found = pattern.fullmatch(text) if self.match == "full" else pattern.match(text)
        return found is not None


class SerialRulesPolicy(Policy):
    """Of several rules that fit a product, the most particular counts: product, category, neither."""

    rules: Annotated[tuple[SerialRule, ...], Field(min_length=1, max_length=1000)]
    unknown: Literal["stage", "refuse"] = "stage"
    """What happens to a registration that names no product and whose serial nobody has sold yet."""

    @model_validator(mode="after")
    def _is_read_quickly(self) -> Self:
        """The first pattern that cannot be used is the last that is tried: other merchants wait meanwhile."""
        classes = sum(len(UNICODE_CLASS.findall(rule.pattern)) for rule in self.rules)
        if classes > MOST_CLASSES:
            message = f"there are {classes} classes such as \\pL in the patterns, {MOST_CLASSES} are the most"
            raise wrong_at("/rules", f"{message}; write the characters out, as in [A-ZÇĞİÖŞÜ]")
        for n, rule in enumerate(self.rules):
            try:
                compiled(rule.pattern)
            except ValueError as error:
                raise wrong_at(f"/rules/{n}/pattern", str(error)) from error
        return self

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        seen: set[tuple[str | None, str | None]] = set()
        for n, rule in enumerate(self.rules):
            key = (rule.product, rule.category)
            if all(key):
                raise wrong_at(f"/rules/{n}", "it is for a product or a category, not for both")
            if key in seen:
                raise wrong_at(
                    f"/rules/{n}", f"another rule is for {key[0] or key[1] or 'the rest'}"
                )
            seen.add(key)
        return self

    def products(self, serial: str) -> tuple[str, ...]:
        """The codes of the products that a serial is one of, by the rules that are for one product."""
        return tuple(one.product for one in self.rules if one.product and one.fits(serial))

    def allows(self, serial: str, product: str | None, category: str | None = None) -> bool:
        """Whether a serial can be one of that product; of an unknown one, whether any rule lets it.

        What has no rule is free to look as it likes.
        """
        if product is None:
            catches_all = any(rule.product is rule.category is None for rule in self.rules)
            return not catches_all or any(rule.fits(serial) for rule in self.rules)
        rule = self.rule(product, category)
        return rule is None or rule.fits(serial)

    def rule(self, product: str | None, category: str | None = None) -> SerialRule | None:
        """The rule that counts for a product."""
        by_key = {(rule.product, rule.category): rule for rule in self.rules}
        return (
            (by_key.get((product, None)) if product else None)
            or (by_key.get((None, category)) if category else None)
            or by_key.get((None, None))
        )
