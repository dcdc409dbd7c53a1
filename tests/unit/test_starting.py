"""A process that must not start says why in a sentence; one that may goes on whatever is away."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest
from typer.testing import CliRunner

from hub import bootstrap
from hub.bootstrap import deciding, parts, running
from hub.bootstrap.parts import RefusedToStartError
from hub.commands.processes import refusals_said
from hub.domain.errors import HubError
from hub.main import app
from hub.sdk.failures import StoreUnavailableError
from hub.settings import Settings

COMMANDS = (("process",), ("project",), ("migrate",), ("topics", "check"), ("items",))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_wrong_variable_is_named_and_its_value_is_not(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_PARTITIONS", "canary-secret")
    monkeypatch.setenv("HUB_LOG_LEVEL", "canary-secret")

    result = CliRunner().invoke(app, command)

    assert result.exit_code == 2
    assert "HUB_PARTITIONS: " in result.output
    assert "HUB_LOG_LEVEL: " in result.output
    assert "canary" not in result.output


def test_a_production_profile_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PROFILE", "production")

    result = CliRunner().invoke(app, ["process"])

    assert result.exit_code == 2
    assert result.output.startswith("hub: HUB_MASTER_KEY is the development default")


def test_the_error_of_the_settings_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PARTITIONS", "canary-secret")

    with pytest.raises(ValueError, match="partitions") as raised:
        Settings()

    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "command",
    [("verify",), ("items",), ("audit", "--tenant", "acme"), ("key", "list")],
    ids=" ".join,
)
def test_a_command_without_postgres_says_where_it_was_looked_for_and_what_to_do(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_POSTGRES", "postgresql://hub:canary@127.0.0.1:1/hub")
    monkeypatch.setenv("HUB_KAFKA", "127.0.0.1:1")

    result = CliRunner().invoke(app, command)

    assert result.exit_code == 2
    assert "Postgres does not answer at 127.0.0.1:1 (HUB_POSTGRES)" in result.output
    assert "`. .hub/demo.env`" in result.output
    assert "canary" not in result.output


def test_a_command_without_kafka_says_where_it_was_looked_for_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_KAFKA", "127.0.0.1:1")

    result = CliRunner().invoke(app, ["topics", "check"])

    assert result.exit_code == 2
    assert "Kafka does not answer at 127.0.0.1:1 (HUB_KAFKA)" in result.output
    assert "`. .hub/demo.env`" in result.output


def test_refusals_of_several_tasks_are_each_said(capsys: pytest.CaptureFixture[str]) -> None:
    group = ExceptionGroup("tasks", [HubError("one"), HubError("two")])

    with pytest.raises(Exception, match="2"), refusals_said():
        raise group

    assert capsys.readouterr().err == "hub: one\nhub: two\n"


@pytest.mark.parametrize("start", ["process", "project", "insight"])
async def test_each_process_refuses_what_may_lose_data(
    start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(_settings: object, _name: str, _metrics: object, work: Any) -> None:
        await work(lambda _ready: None)

    def database(*_: object, **_options: object) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def refusals(*_: object) -> list[str]:
        return ["one copy"]

    monkeypatch.setattr(deciding, "run_until_stopped", run)
    monkeypatch.setattr(deciding, "database", database)
    monkeypatch.setattr(parts, "production_refusals", refusals)
    settings = Settings(profile="production", master_key="k" * 32, replication=3)  # type: ignore[arg-type]
    arguments = () if start == "project" else ("warranty",)

    with pytest.raises(RefusedToStartError, match="one copy"):
        await getattr(bootstrap, start)(settings, *arguments)


@pytest.mark.parametrize(("healthy", "pauses"), [(60.0, [0.5, 1.0, 2.0]), (0.0, [0.5, 0.5, 0.5])])
async def test_a_run_that_was_long_enough_makes_the_next_pause_short(
    healthy: float, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == len(pauses):
            raise asyncio.CancelledError

    async def work(_serve: object) -> None:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(running, "HEALTHY_SECONDS", healthy, raising=False)
    with pytest.raises(asyncio.CancelledError):
        await running._again_and_again(work, lambda _ready: None)  # noqa: SLF001 - else it takes minutes

    assert waited == pauses
