"""The alert rules hold what their tests say, in Prometheus' own promtool; and no rule lacks a test."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.dev.embedded.prometheus import programs
from hub.dev.embedded.server import EmbeddedError

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES, TESTS = "prometheus-rules.yml", "prometheus-rules.test.yml"


def rules() -> dict[str, dict[str, Any]]:
    """Every rule by its name."""
    groups = yaml.safe_load((DEPLOY / RULES).read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def told() -> list[dict[str, Any]]:
    """Every moment of the tests: which alert, and what is expected of it."""
    tests = yaml.safe_load((DEPLOY / TESTS).read_text())["tests"]
    return [moment for test in tests for moment in test["alert_rule_test"]]


@pytest.fixture
def promtool() -> str:
    """Where promtool is; skips the test where it cannot be had."""
    try:
        return str(programs() / "promtool")
    except EmbeddedError as problem:
        pytest.skip(str(problem))


def test_every_rule_is_seen_to_fire_and_to_stay_quiet() -> None:
    names = set(rules())

    assert {moment["alertname"] for moment in told() if moment.get("exp_alerts")} == names
    assert {moment["alertname"] for moment in told() if not moment.get("exp_alerts")} == names


@pytest.mark.alarms
def test_the_rules_are_what_prometheus_reads(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "check", "rules", RULES],
        cwd=DEPLOY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"{len(rules())} rules found" in done.stdout


@pytest.mark.alarms
def test_each_rule_fires_when_it_should_and_not_just_below(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", TESTS], cwd=DEPLOY, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.alarms
@pytest.mark.parametrize("name", rules())
def test_a_rule_that_never_fires_is_noticed(name: str, promtool: str, tmp_path: Path) -> None:
    tests = yaml.safe_load((DEPLOY / TESTS).read_text())
    of_it = [one for one in tests["tests"] if one["name"].startswith(f"{name} ")]
    (tmp_path / TESTS).write_text(yaml.safe_dump({**tests, "tests": of_it}))
    broken = yaml.safe_load((DEPLOY / RULES).read_text())
    for rule in broken["groups"][0]["rules"]:
        if rule["alert"] == name:
            rule["expr"] = "vector(1) > 2"
    (tmp_path / RULES).write_text(yaml.safe_dump(broken))

    done = subprocess.run(
        [promtool, "test", "rules", TESTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert f"alertname: {name}" in done.stdout + done.stderr
