"""Fetches what is run embedded once, each file checked against a lock; the broker's jars among them."""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import truststore
from jgo.maven import MavenContext
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from hub.dev.embedded.server import EmbeddedError

LOCK = Path(__file__).parents[3] / "deploy" / "broker.lock"
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Locked:
    name: str
    """Of a jar, its coordinates."""
    sha256: str


def cache() -> Path:
    """The folder for what is downloaded or made once: $HUB_CACHE, else ~/.cache/warranty-hub."""
    folder = Path(os.environ.get("HUB_CACHE") or "~/.cache/warranty-hub").expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise EmbeddedError(_not_writable(folder)) from problem
    if not os.access(folder, os.W_OK):
        raise EmbeddedError(_not_writable(folder))
    return folder


@contextmanager
def locked_cache() -> Iterator[Path]:
    """The cache, while no other process of ours changes it."""
    folder = cache()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def broker_jars(lock: Path = LOCK) -> Path:
    """The folder that holds exactly the jars of the lock; downloaded when it is not there yet."""
    with locked_cache() as folder:
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
        jars = folder / f"kafka-{digest}"
        if not jars.exists():
            with TemporaryDirectory(dir=folder) as work:
                with system_trust():
                    _download_all(read_lock(lock), Path(work))
                (Path(work) / "jars").rename(jars)
        return jars


@contextmanager
def system_trust() -> Iterator[None]:
    """Trusts what the machine trusts: company networks have authorities of their own."""
    truststore.inject_into_ssl()
    try:
        yield
    finally:
        truststore.extract_from_ssl()


def read_lock(lock: Path) -> list[Locked]:
    lines = (line.partition("#")[0].split() for line in lock.read_text().splitlines())
    return [Locked(line[0], line[1].removeprefix("sha256:")) for line in lines if line]


def _download_all(jars: list[Locked], work: Path) -> None:
    (work / "jars").mkdir()
    maven = MavenContext(repo_cache=work / "repository", local_repos=[], timeout=60)
    size = 0
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        downloads = [pool.submit(_download, maven, jar, work / "jars") for jar in jars]
        try:
            for done, download in enumerate(as_completed(downloads), start=1):
                size += download.result().stat().st_size
                _show(f"Apache Kafka: {done} of {len(jars)} jars, {size / 2**20:.0f} MiB", done)
        except BaseException as problem:
            pool.shutdown(cancel_futures=True)
            if isinstance(problem, OSError):
                raise EmbeddedError(
                    f"Apache Kafka could not be downloaded ({problem}): "
                    "check the network and run the same again."
                ) from problem
            raise
    _show("", len(jars))


@retry(
    retry=retry_if_exception_type(OSError),
    stop=stop_after_attempt(4),
    wait=wait_exponential(max=8),
    reraise=True,
)
def _download(maven: MavenContext, jar: Locked, target: Path) -> Path:
    group, artifact, version = jar.name.split(":")
    found = Path(maven.project(group, artifact).at_version(version).artifact("", "jar").resolve())
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    if digest != jar.sha256:
        raise EmbeddedError(
            f"{jar.name} has the SHA-256 {digest}, not the locked {jar.sha256}: "
            "do not use it; find out who changed the jar or the lock."
        )
    return Path(shutil.move(found, target / found.name))


def _show(text: str, done: int) -> None:
    """One line that rewrites itself on a terminal, every tenth step in a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
    elif text and done % 10 == 1:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _not_writable(folder: Path) -> str:
    return f"{folder} cannot be written to: set HUB_CACHE to a folder for downloads (80 MB)."
