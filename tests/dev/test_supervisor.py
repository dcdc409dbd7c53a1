"""The supervisor ends everyone together, however it ends itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from hub.dev.supervisor import ProcessSpec, supervise

SAYS_AND_WAITS = "import time; print('here'); time.sleep(60)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(60)"
)
HAS_A_CHILD = (
    "import subprocess, sys; "
    "subprocess.run([sys.executable, '-c', 'import time; print(\"below\"); time.sleep(60)'])"
)
SUPERVISES = """
import sys
from hub.dev.supervisor import ProcessSpec, supervise
code = [sys.executable, "-c", sys.argv[1]]
sys.exit(supervise([ProcessSpec("first", code), ProcessSpec("second", code)]))
"""


def python(name: str, code: str) -> ProcessSpec:
    return ProcessSpec(name, [sys.executable, "-c", code])


def supervisor_of(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISES, code], stdout=subprocess.PIPE, text=True
    )


def read_until_both_say(word: str, process: "subprocess.Popen[str]") -> list[psutil.Process]:
    assert process.stdout is not None
    said = 0
    while said < 2:
        line = process.stdout.readline()
        assert line, "the supervisor ended early"
        said += word in line
    return psutil.Process(process.pid).children(recursive=True)


def left_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those still alive a moment later; a dead one may wait long for init to collect it."""
    _, there = psutil.wait_procs(processes, timeout=0.5)
    return [process for process in there if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def no_one_left() -> Iterator[None]:
    """The servers of the session were there before and stay."""
    before = psutil.Process().children()
    yield
    assert psutil.Process().children() == before


@pytest.mark.usefixtures("no_one_left")
def test_ends_in_peace_when_the_time_is_over(capfd: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    assert supervise([python("one", SAYS_AND_WAITS)], stop_after=0.5) == 0
    assert time.monotonic() - started < 5
    assert "one | here" in capfd.readouterr().out


def test_prefixes_line_up_and_the_environment_arrives(capfd: pytest.CaptureFixture[str]) -> None:
    shows = "import os, time; print(os.environ['HUB_X']); time.sleep(60)"
    supervise([python("a", shows), python("longer", shows)], env={"HUB_X": "42"}, stop_after=0.5)
    out = capfd.readouterr().out
    assert "a      | 42\n" in out
    assert "longer | 42\n" in out


@pytest.mark.usefixtures("no_one_left")
def test_one_that_dies_stops_the_rest_and_its_code_is_the_answer(
    capfd: pytest.CaptureFixture[str],
) -> None:
    dies = python("dies", "import sys; print('last words', end=''); sys.exit(3)")
    assert supervise([python("lives", SAYS_AND_WAITS), dies]) == 3
    out = capfd.readouterr().out
    assert "dies  | last words\n" in out
    assert "dies ended by itself with code 3: stopping the others" in out


def test_one_that_ends_without_being_asked_is_no_success() -> None:
    assert supervise([python("done", "pass"), python("lives", SAYS_AND_WAITS)]) == 1


def test_a_death_by_signal_is_told_as_a_shell_does() -> None:
    assert supervise([python("shot", "import os; os.kill(os.getpid(), 9)")]) == 137


@pytest.mark.usefixtures("no_one_left")
def test_an_unknown_command_leaves_no_one_behind() -> None:
    with pytest.raises(FileNotFoundError):
        supervise([python("lives", SAYS_AND_WAITS), ProcessSpec("typo", ["./no-such-program"])])


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everyone(request_to_stop: signal.Signals) -> None:
    with supervisor_of(SAYS_AND_WAITS) as process:
        children = read_until_both_say("here", process)
        process.send_signal(request_to_stop)
        assert process.wait(15) == 0
    assert left_of(children) == []


def test_a_signal_during_the_start_stops_those_already_there() -> None:
    signals_parent = (
        "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
    )
    for _ in range(3):
        with supervisor_of(signals_parent) as process:
            assert process.wait(15) == 0


def test_a_second_signal_does_not_wait_for_the_deaf() -> None:
    with supervisor_of(IGNORES_SIGTERM) as process:
        children = read_until_both_say("deaf", process)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 1
        assert time.monotonic() - started < 5
    assert left_of(children) == []


@pytest.mark.usefixtures("no_one_left")
def test_the_deaf_are_killed_when_their_grace_is_over() -> None:
    started = time.monotonic()
    assert supervise([python("deaf", IGNORES_SIGTERM)], stop_after=0.5, grace=0.5) == 1
    assert 1 <= time.monotonic() - started < 5


def test_kill_9_of_the_supervisor_leaves_no_one_behind() -> None:
    with supervisor_of(IGNORES_SIGTERM) as process:
        children = read_until_both_say("deaf", process)
        assert len(children) == 2
        process.kill()
        assert left_of(children) == []


def test_what_a_process_started_itself_ends_with_it() -> None:
    with supervisor_of(HAS_A_CHILD) as process:
        children = read_until_both_say("below", process)
        assert len(children) == 4
        process.terminate()
        assert process.wait(15) == 0
    assert left_of(children) == []


def test_ctrl_c_in_a_terminal_reaches_the_supervisor_alone() -> None:
    tells = (
        "import signal, sys, time; "
        "signal.signal(signal.SIGINT, lambda *_: print('INTERRUPTED')); "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('TERMINATED'))); "
        "print('here'); time.sleep(60); time.sleep(60)"
    )
    takes_the_terminal = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    keyboard, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", takes_the_terminal + SUPERVISES, tells],
        stdin=terminal,
        stdout=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    output = read_terminal(keyboard, until=b"here", times=2)
    os.write(keyboard, b"\x03")
    output += read_terminal(keyboard, until=None, times=0)
    os.close(keyboard)
    assert process.wait(15) == 0
    assert output.count(b"TERMINATED") == 2
    assert b"INTERRUPTED" not in output
    assert b"\x1b[36mfirst  |\x1b[0m here" in output


def read_terminal(terminal: int, until: bytes | None, times: int) -> bytes:
    output = b""
    while until is None or output.count(until) < times:
        try:
            output += os.read(terminal, 4096)
        except OSError:
            break
    return output
