"""The parts of the board and the pages, as HTML; every value is escaped unless it is a part itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hub.web import spark, words
from hub.web.board import Seen
from hub.web.gauges import gauges, verdict
from hub.web.success import success

PARTS = ("verdict", "success", "gauges", "events", "rates", "files")


def environment() -> Environment:
    """Templates in which a forgotten name is an error."""
    found = Environment(
        loader=PackageLoader("hub.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "told": words.told,
        "source": words.source,
        "number": words.number,
        "short": words.short,
        "took": words.took,
        "span": words.span,
        "pretty": pretty,
        "trace": lambda text: f"/trace/{quote(text, safe='')}",
    }
    found.globals |= {
        "became": words.became,
        "did": words.did,
        "spark": spark,
        "BADLY": words.BADLY,
        "ROOMS": words.ROOMS,
    }
    return found


def pretty(document: bytes) -> str:
    """JSON as a person reads it."""
    return orjson.dumps(orjson.loads(bytes(document)), option=orjson.OPT_INDENT_2).decode()


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws with one set of templates."""

    templates: Environment = field(default_factory=environment)

    def page(self, name: str, **values: Any) -> str:
        """A whole page."""
        return self.templates.get_template(f"{name}.html").render(**values)

    def parts(self, seen: Seen) -> Mapping[str, str]:
        """What changes on the board, by name; nothing of what was never read."""
        values: dict[str, Any] = {"seen": seen, "own": seen.own}
        names = ["verdict"]
        all_gauges = gauges(seen.platform) if seen.platform else []
        values |= {"gauges": all_gauges, "verdict": verdict(all_gauges)}
        if seen.platform:
            values["success"] = success(seen.platform)
            names += ["success", "gauges"]
        if seen.own:
            names += ["events", "rates", "files"]
        return {name: Markup(self.page(f"parts/{name}", **values)) for name in names}  # noqa: S704 - our own template escaped what is in it
