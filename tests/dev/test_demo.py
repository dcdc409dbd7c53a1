"""The demo starts, goes on where it stopped, says what happened, and leaves no one behind."""

import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from hub.dev.demo.place import Place
from hub.dev.embedded import PostgresServer
from hub.dev.simulator.policies import POLICIES
from hub.recovery.figures import OUTCOMES

COLUMNS = 100
ROOT = Path(__file__).parents[2]
EXAMPLES, README = ROOT / "deploy" / "examples", ROOT / "README.md"
LANDED = ("translated", "meaningless", "parked", "stepped_over")
DOORS = """
select distinct split_part(event_id, '_', 1) || ' of ' || source from trail
 where log = 'ledger' and status = 'applied' and tenant in ('voltage', 'homestead')
"""


@dataclass(frozen=True)
class Ended:
    code: int
    lines: list[str]

    @property
    def figures(self) -> dict[str, Any]:
        found = json.loads(self.lines[-1])
        assert isinstance(found, dict)
        return found

    @property
    def said(self) -> str:
        return "\n".join(self.lines)


def command(state: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "hub.dev.demo", "--state", str(state), *words]


def run(words: list[str]) -> Ended:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return Ended(done.returncode, done.stdout.splitlines())


def noted(state: Path) -> dict[str, Any]:
    return Place(state).read()


def wait_until(what: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
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
    return run([sys.executable, "-m", "hub.main", "dev", "--state", str(state), "--for", "8"])


@pytest.mark.servers
def test_a_timed_demo_ends_by_itself_with_everything_decided(first: Ended) -> None:
    assert first.code == 0, first.said
    figures = first.figures
    assert figures["holds"]
    assert figures["activated"] > 0
    assert figures["waiting"] == figures["unaccounted"] == figures["early"] == 0
    assert figures["accepted"] == sum(figures[outcome] for outcome in OUTCOMES)
    assert "demo      | everything is decided" in first.lines


@pytest.mark.servers
def test_every_ticket_that_a_till_was_told_has_landed_became_something(first: Ended) -> None:
    raw, heard = first.figures["raw"], first.figures["shops"]["heard"]
    assert raw["landed"] == sum(raw[name] for name in LANDED)
    assert raw["waiting"] == raw["unaccounted"] == 0
    assert 0 < heard["tickets_landed"] <= raw["landed"]


@pytest.mark.servers
def test_whoever_wants_to_hear_of_it_heard_all_of_it(first: Ended) -> None:
    sent, receivers = first.figures["deliveries"], first.figures["receivers"]
    assert sent["waiting"] == 0
    assert 0 < sent["away"] == receivers["dead"]["away"] == receivers["dead"]["told"]
    for name in ("fast", "slow", "flaky", "limited", "malicious"):
        told = receivers[name]
        assert told["told"] == told["delivered"] == told["took"] > 0
    assert receivers["mail"]["took"] > 0
    # Now and then a customer's mailbox is full; no other receiver refuses anything for good.
    assert sent["dead"] == receivers["mail"]["dead"]
    assert all(told["unaccounted"] == 0 for told in receivers.values())


@pytest.mark.servers
def test_receivers_misbehave_as_they_should(first: Ended) -> None:
    done = first.figures["shops"]["receivers"]
    assert done["flaky"]["unavailable"] > 0
    assert done["dead"] == {"silent": done["dead"]["silent"]}
    assert sum(done["malicious"].values()) > first.figures["receivers"]["malicious"]["took"]
    assert first.figures["shops"]["mails"]


@pytest.mark.servers
def test_claims_are_filed_by_the_rules_that_the_merchant_laid_down(first: Ended) -> None:
    heard = first.figures["shops"]["heard"]
    assert heard["policies_published"] == len(POLICIES)
    assert 0 < heard["claims_filed"] <= first.figures["claims"]["filed"]


@pytest.mark.servers
def test_every_row_that_was_dropped_was_answered(first: Ended) -> None:
    files = first.figures["files"]
    assert files["refused"] == files["waiting"] == 0
    assert 0 < files["done"] < first.figures["shops"]["heard"]["files_dropped"]
    assert files["rows"] > 0


@pytest.mark.servers
async def test_warranties_came_through_each_door(first: Ended, state: Path) -> None:
    with PostgresServer(state / "postgres") as server:
        connection = await asyncpg.connect(server.dsn)
        came = {row[0] for row in await connection.fetch(DOORS)}
        await connection.close()
    assert came >= {"evt of pos", "exp of pos", "api of app", "api of webshop"}
    assert any(one.endswith(" of erp") for one in came)


@pytest.mark.servers
def test_a_log_of_it_is_plain_and_fits_the_screen(first: Ended) -> None:
    shown = [text for text in first.lines if text.startswith(("demo ", "hub "))]
    assert len(shown) > 5
    # An address must stay in one piece to be opened.
    assert all(len(text) <= COLUMNS for text in shown if "/enter#whk_" not in text)
    assert all(text.isprintable() for text in first.lines)


@pytest.mark.servers
async def test_its_figures_are_those_of_postgres(first: Ended, state: Path) -> None:
    with PostgresServer(state / "postgres") as server:
        connection = await asyncpg.connect(server.dsn)
        claims = await connection.fetchval("select count(*) from claim")
        units = await connection.fetchval("select count(*) from unit")
        ended = await connection.fetchval("select count(*) from unit where status = 'ended'")
        of_sales = "select sum(applied) from partition_owner where topic = 'warranty.intake.v1'"
        applied = await connection.fetchval(of_sales)
        dead = await connection.fetchval("select count(*) from item where state = 'dead_lettered'")
        parked = await connection.fetchval("select count(*) from item where state = 'parked'")
        await connection.close()
    assert first.figures["claims"]["filed"] == claims
    assert first.figures["activated"] == units
    assert first.figures["ended"] == ended
    assert first.figures["applied"] == applied
    assert first.figures["dead_lettered"] == dead
    assert first.figures["raw"]["parked"] == parked


@pytest.mark.servers
def test_a_second_one_goes_on_where_the_first_stopped(first: Ended, state: Path) -> None:
    before = noted(state)
    second = run(command(state, "--for", "5"))
    assert second.code == 0, second.said
    assert before["state"] == noted(state)["state"] == "stopped"
    assert before["ports"] == noted(state)["ports"]
    assert before["private"] == noted(state)["private"]
    assert "policies_published" not in second.figures["shops"]["heard"]
    for name in ("accepted", "activated"):
        gained = second.figures["this_run"][name]
        assert gained > 0
        assert second.figures[name] == first.figures[name] + gained
    assert second.figures["raw"]["landed"] > first.figures["raw"]["landed"]
    assert second.figures["first_warranty_s"] < 3 * second.figures["broker_start_s"]


class Shell:
    """Someone's terminal beside the demo, after `. .hub/demo.env`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        told = shlex.split(Place(state).shell.read_text())
        self.env = dict(word.split("=", 1) for word in told if word != "export")

    def get(self, path: str, key: str = "HUB_DEMO_KEY_VOLTAGE") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.env[key]}"}
        return httpx.get(self.env["HUB_DEMO_API"] + path, headers=headers)

    def warranties(self, order: str) -> list[dict[str, Any]]:
        answer = self.get(f"/v1/warranties?namespace=till&order={order}")
        assert answer.status_code == 200, answer.text
        found = answer.json()["warranties"]
        assert isinstance(found, list)
        return found


@pytest.fixture(scope="module")
def running(first: Ended, state: Path) -> Iterator[psutil.Process]:
    """A demo that runs until the last test that looks at it kills it."""
    with subprocess.Popen(command(state), stdout=subprocess.DEVNULL) as demo:
        wait_until(lambda: "first_warranty_s" in noted(state))
        wait_until(lambda: all(is_ready(one) for one in noted(state)["addresses"].values()))
        yield psutil.Process(demo.pid)
        demo.terminate()


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def shell(running: psutil.Process, state: Path) -> Shell:
    return Shell(state)


@pytest.mark.servers
def test_while_one_runs_everything_is_found(running: psutil.Process, state: Path) -> None:
    where = noted(state)
    everyone = {process.pid for process in running.children(recursive=True)}
    told = {*where["processes"].values(), *(one["pid"] for one in where["servers"].values())}
    assert set(where["processes"]) == {"demo", "shops", *where["addresses"]}
    assert told <= everyone
    for address in where["addresses"].values():
        assert httpx.get(address + "/metrics").status_code == 200


@pytest.mark.servers
def test_its_keys_are_nobody_elses_business(running: psutil.Process, state: Path) -> None:
    place = Place(state)
    for file in (place.notes, place.shell):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.servers
def test_another_one_in_the_same_folder_says_what_to_do(
    running: psutil.Process, state: Path
) -> None:
    other = subprocess.run(command(state), capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert f"as process {running.pid}" in other.stderr
    assert f"kill {running.pid}" in other.stderr


@pytest.mark.servers
def test_the_example_of_a_ticket_is_a_warranty_a_moment_later(shell: Shell) -> None:
    words = [sys.executable, str(EXAMPLES / "send-ticket.py"), str(EXAMPLES / "ticket.json")]
    sent = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **shell.env}
    )
    assert sent.returncode == 0, sent.stdout
    (ticket,) = json.loads(sent.stdout)["tickets"]
    wait_until(lambda: len(shell.warranties("R-2001")) == 3)
    wait_until(lambda: shell.get(f"/v1/trace/{ticket['id']}").json().get("events"))


@pytest.mark.parametrize("told", [{}, {"HUB_DEMO_PUSH": "http://127.0.0.1:1"}])
def test_the_example_of_a_ticket_says_what_it_misses(told: dict[str, str]) -> None:
    words = [sys.executable, str(EXAMPLES / "send-ticket.py"), str(EXAMPLES / "ticket.json")]
    sent = subprocess.run(words, capture_output=True, text=True, check=False, env=told)
    missing = sent.stderr.splitlines()[-1]
    assert sent.returncode == 2
    assert "Missing: the secret" in missing
    assert ("HUB_DEMO_PUSH" in missing) is not bool(told)


@pytest.mark.servers
def test_nobody_sends_a_ticket_with_another_secret(shell: Shell) -> None:
    there = f"{shell.env['HUB_DEMO_PUSH']}/sources/pos/voltage"
    secret = {"WEBHOOK_SECRET": shell.env["HUB_DEMO_SECRET_HOMESTEAD"]}
    words = [sys.executable, str(EXAMPLES / "send-ticket.py"), str(EXAMPLES / "ticket.json"), there]
    sent = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **secret}
    )
    assert sent.returncode == 1
    assert json.loads(sent.stdout)["status"] == 401


@pytest.mark.servers
def test_the_example_of_a_sale_is_answered_with_its_warranty(shell: Shell) -> None:
    answer = httpx.post(
        f"{shell.env['HUB_DEMO_API']}/v1/activations",
        content=(EXAMPLES / "sale.json").read_bytes(),
        headers={
            "Authorization": f"Bearer {shell.env['HUB_DEMO_KEY_VOLTAGE']}",
            "Content-Type": "application/json",
            "Idempotency-Key": "sale-r-3001",
        },
    )
    assert answer.status_code == 201, answer.text
    (warranty,) = answer.json()["warranties"]
    assert shell.get(f"/v1/warranties/{warranty['id']}").json()["serial"] == "SN-00012345"


@pytest.mark.servers
def test_the_example_of_an_export_gets_its_result_beside_it(shell: Shell) -> None:
    inbox = Path(shell.env["HUB_DEMO_DROP"]) / "voltage" / "pos"
    shutil.copy(EXAMPLES / "till-export.csv", inbox)
    result = inbox / "done" / "till-export.csv.result.csv"
    wait_until(result.exists)
    assert result.read_text(encoding="utf-8-sig").count("\n") == 1 + 14
    (notebook,) = shell.warranties("R-1003")
    assert notebook["serial"] == "00987654"


@pytest.mark.servers
def test_the_published_example_of_an_invoice_is_answered_as_published(shell: Shell) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    (example,) = [one for one in blocks if "ZGVtbzpwQDU1dzByZA==" in one]
    first, again = (_said(shell, example) for _ in range(2))
    assert first == again
    (line,) = json.loads(first)["individualCustomerProductResponseList"]
    assert (type(line["id"]), line["lineId"]) == (int, "123456")
    (kettle,) = shell.get("/v1/warranties?order=INV-2026-0001").json()["warranties"]
    assert (kettle["serial"], kettle["ends_on"]) == ("000981", "2028-01-01")


def _said(shell: Shell, script: str) -> str:
    return subprocess.run(
        ["bash", "-eu", "-c", script],  # noqa: S607 - whichever the reader has
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **shell.env},
    ).stdout


@pytest.mark.servers
def test_the_page_opens_with_the_address_that_is_told(shell: Shell, state: Path) -> None:
    address, _, key = noted(state)["open"].partition("#")
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(address).status_code == 200
        origin = {"Origin": shell.env["HUB_DEMO_API"], "Sec-Fetch-Site": "same-origin"}
        sign_in = f"{shell.env['HUB_DEMO_API']}/sign-in"
        page = browser.post(sign_in, data={"key": key, "next": "/"}, headers=origin)
    assert page.status_code == 200
    assert "voltage" in page.text


@pytest.mark.servers
def test_the_walk_as_each_role_goes_as_the_readme_says(shell: Shell) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    (walk,) = [one for one in blocks if "call sales.staff /v1/me" in one]
    # The shops misbehave by chance, sooner or later.
    wait_until(lambda: shell.get("/v1/items", "HUB_DEMO_ADMIN_VOLTAGE").json()["items"])
    told = _said(shell, walk)
    answers = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    me, ended, proposed, untold, policy, items, keys, audit, forbidden = answers
    assert me["role"] == "sales_staff"
    assert ended["proposal"]["approver"] == "warranty_manager"
    assert proposed["proposals"][0]["state"] == "pending"
    assert untold["status"] == 404
    assert policy["policy"]["name"] == "override"
    assert items["items"]
    assert keys["keys"]
    assert {one["action"] for one in audit["entries"]} == {"login:succeeded"}
    assert forbidden["status"] == 403


@pytest.mark.servers
def test_a_claim_goes_as_the_readme_says(shell: Shell) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    sale, walk, claim = (
        next(one for one in blocks if words in one)
        for words in ("my-first-sale", "call sales.staff /v1/me", "/v1/claims/my-desk")
    )
    hub = f"{shlex.quote(sys.executable)} -m hub.main"
    functions = walk.partition("\n\n")[0]
    script = (sale, "echo", functions, claim.replace(".venv/bin/hub", hub))
    told = _said(shell, "\n".join(script))
    answers = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    _, staged, complete, approved, explained = answers
    assert (staged["claim"]["state"], staged["claim"]["missing"]) == (
        "staged",
        ["description", "photos"],
    )
    assert (complete["claim"]["state"], complete["claim"]["missing"]) == ("submitted", [])
    assert approved["claim"]["state"] == "approved"
    assert explained["steps"]
    assert "Güzel haber" in told
    assert "would differ under this draft of evidence" in told


@pytest.mark.servers
def test_nothing_outlives_a_killed_one(running: psutil.Process) -> None:
    everyone = running.children(recursive=True)
    running.kill()
    assert all_end(everyone)


@pytest.mark.servers
@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_leaves_no_one(
    request_to_stop: signal.Signals, first: Ended, state: Path
) -> None:
    """It also comes right after a kill -9, whose servers may still be about to end."""
    with subprocess.Popen(command(state), stdout=subprocess.DEVNULL) as demo:
        watched = psutil.Process(demo.pid)
        wait_until(lambda: any("java" in child.name() for child in watched.children()))
        children = watched.children(recursive=True)
        demo.send_signal(request_to_stop)
        assert demo.wait(20) != 0
        assert all_end(children)
    assert noted(state)["state"] == "stopped"
