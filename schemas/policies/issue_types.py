"""What can go wrong with a product, as a tree."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.policies.parts import Code, Policy, Strict, Texts, wrong_at


class IssueType(Strict):
    """A kind of trouble; below `parent`, where it is a narrower one."""

    code: Code
    text: Texts
    parent: Code | None = None


class IssueTypesPolicy(Policy):
    """Codes are unique, every parent stands in the list, and nothing is below itself."""

    types: Annotated[tuple[IssueType, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        parents = {one.code: one.parent for one in self.types}
        if len(parents) < len(self.types):
            codes = [one.code for one in self.types]
            n = next(n for n, code in enumerate(codes) if code in codes[:n])
            raise wrong_at(f"/types/{n}/code", f"there is another type {codes[n]!r} before it")
        done: set[str] = set()
        for n, code in enumerate(parents):
            _climb(f"/types/{n}/parent", code, parents, done)
        return self


def _climb(place: str, code: str, parents: dict[str, str | None], done: set[str]) -> None:
    """Follow the parents up to one that is known to lead to the top."""
    seen = [code]
    while (parent := parents[seen[-1]]) is not None:
        if parent not in parents:
            message = f"{seen[-1]!r} is below {parent!r}, which is not in the list"
            raise wrong_at(place, message)
        if parent in seen:
            way = " below ".join([*seen, parent])
            raise wrong_at(place, f"nothing can be below itself: {way}")
        if parent in done:
            break
        seen.append(parent)
    done.update(seen)
