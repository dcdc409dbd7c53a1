"""Texts with places in them, as customers' mails are written: Jinja2, and of it only what cannot run away.

A template may name what it is about and choose between texts. It cannot loop, call, count or reach into
anything, so whatever a merchant writes takes no longer than it is long.
"""

from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

NAMES = frozenset(
    {"merchant", "name", "product", "serial", "warranty", "claim", "reference"}
    | {"starts_on", "ends_on", "ended_on", "status", "next_step", "expected", "question"}
)
"""What a text can be about; empty where it is not known."""
FILTERS = frozenset({"upper", "lower", "trim", "default", "d"})
EQUAL = frozenset({"eq", "ne"})
ALLOWED = frozenset(
    {"template", "output", "templatedata", "name", "const", "if", "condexpr", "not", "and", "or"}
    | {"compare", "operand", "filter", "keyword"}
)


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.clear()
    return made


@lru_cache(maxsize=512)
def _compiled(source: str) -> Template:
    """The template, checked once.

    Raises:
        ValueError: it is none, or names or does something that it may not.

    """
    environment = _environment()
    try:
        for node in environment.parse(source).find_all(nodes.Node):
            _check(node)
        return environment.from_string(source)
    except TemplateError as error:
        raise ValueError(f"{error.message} in line {getattr(error, 'lineno', 1)}") from error
    except (RecursionError, SyntaxError) as error:
        raise ValueError("it is nested too deeply") from error


def _check(node: nodes.Node) -> None:
    name = type(node).__name__.lower()
    if name not in ALLOWED:
        raise ValueError(
            f"line {node.lineno}: a text may name things and choose by `if`, no {name}"
        )
    if isinstance(node, nodes.Name) and node.name not in NAMES:
        there = ", ".join(sorted(NAMES))
        raise ValueError(f"line {node.lineno}: there is no {node.name!r}; there are {there}")
    if isinstance(node, nodes.Operand) and node.op not in EQUAL:
        raise ValueError(f"line {node.lineno}: compare by == and != alone")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        there = ", ".join(sorted(FILTERS))
        raise ValueError(f"line {node.lineno}: there is no filter {node.name!r}; there are {there}")


def check(source: str) -> None:
    """Say what is wrong with a template.

    Raises:
        ValueError: with the line and what to write instead.

    """
    filled(source, {})


def filled(source: str, about: dict[str, str]) -> str:
    """The text with what it is about.

    Raises:
        ValueError: it is no template.

    """
    template = _compiled(source)
    try:
        return template.render(dict.fromkeys(NAMES, "") | about)
    except (TemplateError, TypeError) as error:
        raise ValueError(str(error)) from error
