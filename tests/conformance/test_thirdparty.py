"""A package that is no part of this repository is found and held to the same rules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    env = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_an_installed_package_of_somebody_else_keeps_to_every_rule(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(HERE / "thirdparty", source)
    offline = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    run("pip", "install", *offline, "--target", target, source, cwd=tmp_path)

    suite = HERE / "thirdparty" / "suite.py"
    said = run("pytest", "-q", "-p", "no:cacheprovider", suite, cwd=ROOT, path=target)

    assert " passed" in said
    assert "skipped" not in said
