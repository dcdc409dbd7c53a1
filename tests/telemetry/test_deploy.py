"""What `deploy/` tells operators is what the code knows."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric
from pydantic import SecretStr
from typer.main import get_command

from hub.main import app
from hub.settings import Settings
from hub.telemetry.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
LOGGED = re.compile(r"\b[a-z]+\.[a-z_]+\b")
LINES = (DEPLOY / "hub.env.example").read_text().splitlines()


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def exported() -> set[str]:
    """Every series name that the catalogue can produce."""
    metrics: list[Metric] = list(Metrics().registry.collect())
    counters = {f"{metric.name}_total" for metric in metrics if metric.type == "counter"}
    return counters | {metric.name for metric in metrics if metric.type == "gauge"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_stands_on_metrics_that_exist_and_says_what_to_do(rule: dict[str, Any]) -> None:
    names = set(re.findall(r"\bhub_\w+", rule["expr"]))

    assert names
    assert names <= exported()
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert len(rule["annotations"]["summary"]) > 20
    assert len(rule["annotations"]["runbook"]) > 80


def test_the_example_names_every_setting_and_no_other() -> None:
    named = [line.split("=", 1)[0] for line in LINES if line.startswith("HUB_")]

    assert sorted(named) == sorted(f"HUB_{name.upper()}" for name in Settings.model_fields)


def test_the_example_states_the_defaults() -> None:
    stated = dict(line.split("=", 1) for line in LINES if line.startswith("HUB_"))

    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        text = "" if default is None else str(default)
        assert stated[f"HUB_{name.upper()}"].lower() == text.lower(), name


def test_every_setting_is_explained() -> None:
    previous = ""
    for line in LINES:
        if line.startswith("HUB_"):
            assert previous.startswith(("#", "HUB_")), line
        previous = line


def test_runbooks_name_commands_options_and_log_lines_that_exist() -> None:
    text = " ".join(rule["annotations"]["runbook"] for rule in rules())
    commands: dict[str, Any] = getattr(get_command(app), "commands", {})
    named = re.findall(r"`hub ([a-z-]+)([^`]*)`", text)
    code = "".join(path.read_text() for path in (DEPLOY.parent / "hub").rglob("*.py"))
    lines = [line for group in re.findall(r"\(([^)]*)\)", text) for line in LOGGED.findall(group)]

    assert len(named) > 5
    assert len(lines) > 5
    for command, rest in named:
        known = {option for one in commands[command].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, command
    assert [line for line in lines if f'"{line}"' not in code] == []
