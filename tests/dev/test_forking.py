"""A copy of a process stands on its own, and its supervisor treats it as any other."""

import subprocess
import sys

import pytest

from hub.dev.forking import CAN_FORK

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="only Linux copies processes safely")

BEGINNING = """
import os, select, signal, sys, time
from hub.dev.forking import Forked
signal.signal(signal.SIGTERM, lambda *_: print("the parent's own", flush=True))
"""


def output_of(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_of_its_streams_are_its_output() -> None:
    code = """
def call():
    print("one")
    print("two", file=sys.stderr)
child = Forked(call, {})
print(child.stdout.read().decode(), child.wait())
"""
    assert output_of(code).split() == ["one", "two", "0"]


def test_it_is_told_what_its_parent_is_not() -> None:
    code = """
child = Forked(lambda: print(os.environ["ONLY_HERE"]), {"ONLY_HERE": "yes"})
print(child.stdout.read().decode(), "ONLY_HERE" in os.environ)
"""
    assert output_of(code).split() == ["yes", "False"]


def test_its_exit_code_is_that_of_what_it_was_to_do() -> None:
    code = """
print(Forked(lambda: sys.exit(3), {}).wait())
print(Forked(lambda: sys.exit("in words"), {}).wait())
print(Forked(lambda: 1 / 0, {}).wait())
"""
    assert output_of(code).split() == ["3", "1", "1"]


def test_a_failure_is_told_with_its_traceback() -> None:
    code = """
child = Forked(lambda: 1 / 0, {})
print(child.stdout.read().decode())
"""
    assert "ZeroDivisionError" in output_of(code)


def test_it_keeps_no_signal_handler_of_its_parent() -> None:
    code = """
child = Forked(lambda: (print("here"), time.sleep(30)), {})
child.stdout.readline()
os.kill(child.pid, signal.SIGTERM)
print(child.wait())
"""
    assert output_of(code).split() == ["-15"]


def test_it_keeps_no_file_of_its_parent_open() -> None:
    code = """
read, write = os.pipe()
child = Forked(lambda: (print("here"), time.sleep(30)), {})
child.stdout.readline()
os.close(write)
# It ends at once where nobody else can write any more.
print(bool(select.select([read], [], [], 5)[0]))
os.kill(child.pid, signal.SIGKILL)
"""
    assert output_of(code).strip() == "True"
