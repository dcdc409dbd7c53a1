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


def runbook() -> dict[str, str]:
    """What stands under each heading."""
    _, *headed = (DEPLOY / "runbook.md").read_text().split("\n## ")
    return {one.partition("\n")[0]: one.partition("\n")[2] for one in headed}


def options(words: list[str]) -> set[str]:
    """The options of a command; its first words lead to it."""
    command: Any = get_command(app)
    while words and words[0] in (below := getattr(command, "commands", {})):
        command, words = below[words[0]], words[1:]
    assert not below or words[:1] == [] or words[0].startswith("-"), words
    return {option for one in command.params for option in one.opts}


def exported() -> set[str]:
    """Every series name that the catalogue can produce."""
    metrics: list[Metric] = list(Metrics().registry.collect())
    counters = {f"{metric.name}_total" for metric in metrics if metric.type == "counter"}
    return counters | {metric.name for metric in metrics if metric.type == "gauge"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_stands_on_metrics_that_exist_and_says_what_to_do(rule: dict[str, Any]) -> None:
    names = set(re.findall(r"\bhub_\w+", rule["expr"]))

    assert names or rule["expr"].startswith("up{")
    assert names <= exported()
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert len(rule["annotations"]["summary"]) > 20
    assert rule["annotations"]["runbook"] == f"runbook.md#{rule['alert'].lower()}"


def test_the_runbook_has_a_heading_for_each_alert_and_no_other() -> None:
    assert list(runbook()) == [rule["alert"] for rule in rules()]


@pytest.mark.parametrize("alert", [rule["alert"] for rule in rules()])
def test_a_heading_says_what_it_means_and_what_to_do(alert: str) -> None:
    asked = re.findall(r"^\*\*([A-Z][a-z ]+)\*\* \S", runbook()[alert], re.MULTILINE)

    assert asked == ["Means", "Not lost", "Look at", "Do"]


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
    text = " ".join((DEPLOY / "runbook.md").read_text().split())
    named = re.findall(r"`hub ([a-z_ -]+)`", text)
    code = "".join(path.read_text() for path in (DEPLOY.parent / "hub").rglob("*.py"))
    lines = [line for group in re.findall(r"\(([^)]*)\)", text) for line in LOGGED.findall(group)]

    assert len(named) > 5
    assert len(lines) > 5
    for words in named:
        assert set(re.findall(r"--[a-z-]+", words)) <= options(words.split()), words
    assert [line for line in lines if f'"{line}"' not in code] == []
