"""Prometheus and its promtool: found on this machine, else fetched once and checked by deploy/prometheus.lock.

`python -m hub.dev.embedded.prometheus` says where they are; it ends with 1 where they cannot be had.
"""

import hashlib
import os
import platform
import shutil
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from hub.dev.embedded.download import locked_cache, read_lock, system_trust
from hub.dev.embedded.server import EmbeddedError

LOCK = Path(__file__).parents[3] / "deploy" / "prometheus.lock"
RELEASES = "https://github.com/prometheus/prometheus/releases/download"
PROGRAMS = ("prometheus", "promtool")
PATIENCE = httpx.Timeout(60, connect=5)
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_ADVICE = (
    "install it (Debian, Ubuntu: apt-get install prometheus) or set HUB_PROMETHEUS to a folder with"
    " prometheus and promtool"
)


def programs() -> Path:
    """The folder with both: $HUB_PROMETHEUS, else on the PATH, else downloaded.

    Raises:
        EmbeddedError: they cannot be had; the message says what to do.

    """
    if named := os.environ.get("HUB_PROMETHEUS"):
        if not _has_both(Path(named)):
            raise EmbeddedError(f"HUB_PROMETHEUS={named} does not hold prometheus and promtool.")
        return Path(named)
    if found := shutil.which("promtool"):
        folder = Path(found).resolve().parent
        if _has_both(folder):
            return folder
    return downloaded()


def downloaded(lock: Path = LOCK, releases: str = RELEASES) -> Path:
    """The locked release for this platform, in the cache.

    Raises:
        EmbeddedError: it cannot be had, or is not what the lock says.

    """
    wanted = f".{sys.platform}-{_MACHINES.get(platform.machine().lower(), '')}.tar.gz"
    archive = next((one for one in read_lock(lock) if one.name.endswith(wanted)), None)
    if archive is None:
        raise EmbeddedError(f"No Prometheus for {wanted[1:-7]} is locked: {_ADVICE}.")
    version = archive.name.split("-")[1].removesuffix("." + sys.platform)
    with locked_cache() as cache:
        folder = cache / archive.name.removesuffix(".tar.gz")
        if not _has_both(folder):
            with TemporaryDirectory(dir=cache) as work:
                packed = Path(work) / archive.name
                _fetch(f"{releases}/v{version}/{archive.name}", packed)
                _check(packed, archive.sha256)
                shutil.rmtree(folder, ignore_errors=True)
                _unpack(packed, Path(work) / "unpacked").rename(folder)
        return folder


def _has_both(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in PROGRAMS)


def _fetch(url: str, target: Path) -> None:
    sys.stderr.write(f"Fetching {target.name}, once\n")
    try:
        with (
            system_trust(),
            httpx.stream("GET", url, follow_redirects=True, timeout=PATIENCE) as answer,
            target.open("wb") as file,
        ):
            for chunk in answer.raise_for_status().iter_bytes():
                file.write(chunk)
    except (httpx.HTTPError, OSError) as problem:
        raise EmbeddedError(
            f"Prometheus could not be downloaded ({problem}): check the network and run the same"
            f" again, or {_ADVICE}."
        ) from problem


def _check(packed: Path, sha256: str) -> None:
    with packed.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise EmbeddedError(
            f"{packed.name} has the SHA-256 {digest}, not the locked {sha256}: "
            "do not use it; find out who changed the archive or the lock."
        )


def _unpack(packed: Path, target: Path) -> Path:
    """Only the two programs: the rest of the archive is not needed."""
    target.mkdir()
    with tarfile.open(packed) as archive:
        for member in archive:
            name, packed_file = Path(member.name).name, archive.extractfile(member)
            if packed_file is not None and name in PROGRAMS:
                with packed_file, (target / name).open("wb") as file:
                    shutil.copyfileobj(packed_file, file)
                (target / name).chmod(0o755)
    return target


def main() -> int:
    try:
        sys.stdout.write(f"{programs()}\n")
    except EmbeddedError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
