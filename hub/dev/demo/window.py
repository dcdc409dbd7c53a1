"""What Faust counted in its open window, asked of the insight process as a scraper would."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from hub.dev.demo.figures import SAID

_ASK = b"GET /metrics HTTP/1.0\r\nHost: hub\r\n\r\n"
_PATIENCE_SECONDS = 0.5
_GAUGE = "hub_window_outcomes"


@dataclass(frozen=True, slots=True)
class Window:
    """`port` 0: there is no insight process."""

    port: int

    async def read(self) -> Mapping[str, int] | None:
        """Outcomes in the open window; None while nobody answers."""
        if not self.port:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    writer.write(_ASK)
                    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return None
        return open_window(body.decode()) if b" 200 " in head.split(b"\r\n")[0] else None


def open_window(exposition: str) -> Mapping[str, int]:
    """The gauges of the open window by outcome."""
    found, names = dict.fromkeys(SAID, 0), {f"warranty.{name}.v1": name for name in SAID}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples if family.name == _GAUGE else ():
            name = names.get(sample.labels.get("outcome", ""))
            if sample.labels.get("window") == "open" and name:
                found[name] = int(sample.value)
    return found
