"""The demo starts, goes on where it stopped, says what happened, and leaves no one behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from hub.dev.demo.figures import Figures
from hub.dev.demo.line import HEADER, line
from hub.dev.demo.place import DemoError, Place, identity
from hub.dev.demo.window import open_window
from hub.dev.embedded import PostgresServer
from hub.dev.simulator.stories import Teller
from hub.recovery.figures import OUTCOMES

COLUMNS = 100
LABEL = len("process | ")


@dataclass(frozen=True)
class Ended:
    code: int
    lines: list[str]

    @property
    def figures(self) -> dict[str, Any]:
        found = json.loads(self.lines[-1])
        assert isinstance(found, dict)
        return found


def command(state: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "hub.main", "dev", "--state", str(state), *words]


def run(state: Path, seconds: int) -> Ended:
    done = subprocess.run(
        command(state, "--for", str(seconds)), capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return Ended(done.returncode, done.stdout.splitlines())


def noted(state: Path) -> dict[str, Any]:
    return Place(state).read()


def wait_until_it_runs(state: Path, key: str = "first_warranty_s", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while key not in noted(state):
        assert time.monotonic() < deadline, noted(state)
        time.sleep(0.05)


def all_end(processes: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + 15
    while any(is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(is_alive(process) for process in processes)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """One state for all runs of this file, as a person has one `.hub`."""
    with TemporaryDirectory(prefix="warranty-hub-demo-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "state"


@pytest.fixture(scope="module")
def first(state: Path) -> Ended:
    return run(state, 4)


@pytest.mark.servers
def test_a_timed_demo_ends_by_itself_with_everything_decided(first: Ended) -> None:
    assert first.code == 0, "\n".join(first.lines)
    figures = first.figures
    assert figures["holds"]
    assert figures["activated"] > 0
    assert figures["waiting"] == figures["unaccounted"] == figures["early"] == 0
    assert figures["accepted"] == sum(figures[outcome] for outcome in OUTCOMES)
    assert "demo    | everything is decided" in first.lines


@pytest.mark.servers
def test_a_log_of_it_is_plain_and_fits_the_screen(first: Ended) -> None:
    shown = [text for text in first.lines if text.startswith(("demo ", "hub "))]
    assert len(shown) > 5
    assert all(len(text) <= COLUMNS for text in shown)
    assert all(text.isprintable() for text in first.lines)


@pytest.mark.servers
async def test_its_figures_are_those_of_postgres(first: Ended, state: Path) -> None:
    with PostgresServer(state / "postgres") as server:
        connection = await asyncpg.connect(server.dsn)
        units = await connection.fetchval("select count(*) from unit")
        ended = await connection.fetchval("select count(*) from unit where status = 'ended'")
        applied = await connection.fetchval("select sum(applied) from partition_owner")
        dead = await connection.fetchval("select count(*) from item where state = 'dead_lettered'")
        await connection.close()
    assert first.figures["activated"] == units
    assert first.figures["ended"] == ended
    assert first.figures["applied"] == applied
    assert first.figures["dead_lettered"] == dead


@pytest.mark.servers
def test_a_second_one_goes_on_where_the_first_stopped(first: Ended, state: Path) -> None:
    before = noted(state)
    second = run(state, 3)
    assert second.code == 0, "\n".join(second.lines)
    assert before["state"] == noted(state)["state"] == "stopped"
    assert before["ports"] == noted(state)["ports"]
    for name in ("accepted", "activated"):
        gained = second.figures["this_run"][name]
        assert gained > 0
        assert second.figures[name] == first.figures[name] + gained
    assert second.figures["first_warranty_s"] < 3 * second.figures["broker_start_s"]


@pytest.mark.servers
def test_while_one_runs_everything_is_found_and_nothing_outlives_a_killed_one(
    first: Ended, state: Path
) -> None:
    with subprocess.Popen(command(state), stdout=subprocess.DEVNULL) as demo:
        wait_until_it_runs(state)
        wait_until_it_runs(state, "processes")
        where = noted(state)
        everyone = psutil.Process(demo.pid).children(recursive=True)
        told = {*where["processes"].values(), *(one["pid"] for one in where["servers"].values())}
        assert set(where["processes"]) == {"demo", "shops", *where["addresses"]}
        assert told <= {process.pid for process in everyone}
        for address in where["addresses"].values():
            assert httpx.get(address + "/metrics").status_code == 200
        other = subprocess.run(command(state), capture_output=True, text=True, check=False)
        assert other.returncode == 1
        assert f"as process {demo.pid}" in other.stderr
        assert f"kill {demo.pid}" in other.stderr
        demo.kill()
        assert all_end(everyone)


@pytest.mark.servers
@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_leaves_no_one(
    request_to_stop: signal.Signals, first: Ended, state: Path
) -> None:
    """It also comes right after a kill -9, whose servers may still be about to end."""
    with subprocess.Popen(command(state), stdout=subprocess.DEVNULL) as demo:
        deadline, watched = time.monotonic() + 40, psutil.Process(demo.pid)
        while not any("java" in child.name() for child in watched.children()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        children = watched.children(recursive=True)
        demo.send_signal(request_to_stop)
        assert demo.wait(20) != 0
        assert all_end(children)
    assert noted(state)["state"] == "stopped"


def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DemoError, match="hub dev --state DIR"),
        Place(tmp_path / "file" / "below").claimed(),
    ):
        pass


def test_what_a_killed_demo_left_noted_keeps_no_one_away(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ended = identity(os.getpid()) | {"started_at": 1.0}
    place.begin({"kafka": 1}, **ended)
    place.note(servers={"kafka": ended})
    with place.claimed():
        assert place.read()["pid"] == os.getpid()


def test_a_line_fits_the_screen_even_after_a_long_time() -> None:
    numbers = dict.fromkeys((*OUTCOMES, "accepted", "waiting"), 9_999)
    figures = Figures(numbers | {"applied": 9_999_999}, 6, 99.9, 9_999, 0)
    text = line(
        "23:59:59", 999, dict.fromkeys(("activated", "ended", "linked", "refused"), 9999), figures
    )
    assert LABEL + len(text) <= COLUMNS
    assert all(LABEL + len(text) <= COLUMNS for text in HEADER.splitlines())


def test_only_the_open_window_is_shown() -> None:
    exposition = (
        "# TYPE hub_window_outcomes gauge\n"
        'hub_window_outcomes{outcome="warranty.activated.v1",window="open"} 7.0\n'
        'hub_window_outcomes{outcome="warranty.activated.v1",window="closed"} 9.0\n'
        'hub_window_outcomes{outcome="other",window="open"} 3.0\n'
    )
    assert open_window(exposition) == {"activated": 7, "ended": 0, "linked": 0, "refused": 0}


def test_two_runs_of_the_simulator_share_no_order_and_invent_no_one() -> None:
    told = [
        event
        for name in ("260101-120000", "260101-120001")
        for teller in [Teller(name, random.Random(1))]  # noqa: S311
        for _ in range(500)
        for _, event in teller.story()
    ]
    ids = [event.id for event in told]
    assert len(ids) == len(set(ids))
    mails = [event.body for event in told if event.body and b"@" in event.body]
    assert mails
    assert all(b"@example.invalid" in body for body in mails)
