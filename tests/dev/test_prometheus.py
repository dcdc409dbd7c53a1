"""Prometheus is fetched once, is what the lock says, or is not used."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hub.dev.embedded import prometheus
from hub.dev.embedded.download import read_lock
from hub.dev.embedded.prometheus import LOCK, downloaded, programs
from hub.dev.embedded.server import EmbeddedError


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and keeps no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A place on loopback that has the release of the lock for this platform."""
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "site").mkdir()
    handler = partial(Quiet, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path, releases: str) -> Path:
    """A lock of archives as the project lays them out, each with programs that do nothing."""
    lines = []
    for one in read_lock(LOCK):
        version, _, _ = one.name.removeprefix("prometheus-").partition(".linux-")
        folder = tmp_path / "site" / f"v{version.partition('.darwin-')[0]}"
        folder.mkdir(exist_ok=True)
        packed = pack(one.name.removesuffix(".tar.gz"))
        (folder / one.name).write_bytes(packed)
        lines.append(f"{one.name} sha256:{hashlib.sha256(packed).hexdigest()}")
    lock = tmp_path / "prometheus.lock"
    lock.write_text("\n".join(lines))
    return lock


def pack(inside: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("LICENSE", "prometheus", "promtool"):
            body = f"#!/bin/sh\n# {name}\n".encode()
            member = tarfile.TarInfo(f"{inside}/{name}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def test_fetches_the_locked_release_once(lock: Path, releases: str) -> None:
    folder = downloaded(lock, releases)
    for archive in (lock.parent / "site").rglob("*.tar.gz"):
        archive.unlink()
    again = downloaded(lock, releases)

    assert again == folder
    assert sorted(path.name for path in folder.iterdir()) == ["prometheus", "promtool"]
    assert folder.parent == lock.parent / "cache"


def test_refuses_what_is_not_what_the_lock_says(lock: Path, releases: str) -> None:
    for archive in (lock.parent / "site").rglob("*.tar.gz"):
        archive.write_bytes(pack("tampered"))

    with pytest.raises(EmbeddedError, match="do not use it"):
        downloaded(lock, releases)
    assert list((lock.parent / "cache").glob("prometheus-*")) == []


def test_says_what_to_do_where_it_cannot_be_fetched(lock: Path, releases: str) -> None:
    with pytest.raises(EmbeddedError, match="or install it"):
        downloaded(lock, releases + "/elsewhere")


def test_a_folder_that_is_named_must_hold_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_PROMETHEUS", str(tmp_path))

    with pytest.raises(EmbeddedError, match="HUB_PROMETHEUS"):
        programs()
    assert prometheus.main() == 1
    assert "does not hold" in capsys.readouterr().err
