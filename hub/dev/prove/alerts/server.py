"""Prometheus on loopback, with the committed rules, looking at a fleet of processes."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path

import httpx

from hub.dev.embedded import Server
from hub.dev.embedded.prometheus import programs

RULES = Path(__file__).parents[4] / "deploy" / "prometheus-rules.yml"
JOB = "warranty-hub"


class PrometheusServer(Server):
    """Asks each target so often, and evaluates the rules as often."""

    name = "prometheus"
    stop_signal = signal.SIGTERM

    def __init__(self, root: Path, targets: Sequence[int], interval: int) -> None:
        super().__init__(root)
        self._targets, self._interval = targets, interval
        self._config = self.root / "prometheus.json"

    @property
    def address(self) -> str:
        """Of its API."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        every = f"{self._interval}s"
        targets = [f"127.0.0.1:{port}" for port in self._targets]
        config = {
            "global": {
                "scrape_interval": every,
                "scrape_timeout": every,
                "evaluation_interval": every,
            },
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": targets}]}],
        }
        # Whatever is JSON is YAML.
        self._config.write_text(json.dumps(config))

    def command(self) -> list[str]:
        return [
            str(programs() / "prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.root / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/-/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False
