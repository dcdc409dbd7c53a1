"""The embedded servers do what a hub needs, survive what a crash test does, and leave nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.dev.embedded import EmbeddedError, KafkaServer, PostgresServer
from hub.dev.embedded.download import broker_jars, read_lock
from hub.dev.embedded.postgres import NOBODY, UNSHARED, Account, usual_account
from hub.dev.embedded.server import can_listen

pytestmark = pytest.mark.servers
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up root")

TEN_MB = 10 * 1000 * 1000


@pytest.fixture
def broker(server_root: Path) -> Iterator[KafkaServer]:
    server = KafkaServer(server_root / "own-kafka")
    with server:
        yield server


@pytest.fixture(params=["usual", pytest.param("nobody", marks=as_root)])
def database(request: pytest.FixtureRequest, server_root: Path) -> Iterator[PostgresServer]:
    account = NOBODY if request.param == "nobody" else usual_account()
    with PostgresServer(server_root / f"own-{request.param}", account=account) as server:
        yield server


def all_end(processes: list[psutil.Process]) -> bool:
    """A dead process may stay a zombie for long: its new parent is an init we know nothing of."""
    deadline = time.monotonic() + 15
    while any(is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(is_alive(process) for process in processes)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def create_topic(bootstrap: str, topic: str, **configs: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 2, 1, topic_configs=configs)])
    finally:
        await admin.close()


async def send(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=2**24
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, key=b"one")
    finally:
        await producer.stop()


async def received(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=topic
    )
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def rows(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("select count(*) from kept"))
    finally:
        await connection.close()


async def store(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("create table if not exists kept (id uuid default uuidv7())")
        await connection.execute("insert into kept default values")
    finally:
        await connection.close()


async def test_broker_carries_a_value_of_ten_megabytes(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "large"
    await create_topic(kafka, topic, **{"max.message.bytes": str(12 * 2**20)})
    value = os.urandom(TEN_MB)
    await send(kafka, topic, value)
    assert await received(kafka, topic, 1) == [value]


async def test_broker_makes_no_topic_by_itself(kafka: str, topic_prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.describe_topics([topic_prefix + "unknown"])
        assert topic_prefix + "unknown" not in await admin.list_topics()
    finally:
        await admin.close()


async def test_broker_serves_a_transactional_producer(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "foreign"
    await create_topic(kafka, topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic)
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"whole")
    finally:
        await producer.stop()
    assert await received(kafka, topic, 1) == [b"whole"]


async def test_a_killed_broker_comes_back_on_its_port_with_what_it_acknowledged(
    broker: KafkaServer,
) -> None:
    await create_topic(broker.bootstrap, "kept")
    for expected in (1, 2):
        await send(broker.bootstrap, "kept", b"%d" % expected)
        broker.kill()
        broker.start()
    assert await received(broker.bootstrap, "kept", 2) == [b"1", b"2"]


async def test_postgres_keeps_what_it_committed_through_every_kind_of_stop(
    database: PostgresServer,
) -> None:
    stops = [database.stop_immediate, database.kill, database.stop]
    for expected, stop in enumerate(stops, start=1):
        await store(database.dsn)
        idle = await asyncpg.connect(database.dsn)
        stop()
        database.start()
        assert await rows(database.dsn) == expected
        idle.terminate()


async def test_postgres_is_ready_only_after_recovery(server_root: Path) -> None:
    with PostgresServer(server_root / "recovers") as server:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute(
            "create table long as select repeat('x', 500) from generate_series(1, 200000)"
        )
        connection.terminate()
        server.stop_immediate()
        server.start()
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("select count(*) from long") == 200_000
        await connection.close()


async def test_postgres_has_the_text_order_and_extensions_the_hub_counts_on(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        assert await connection.fetchval("show server_version_num") >= "180000"
        assert await connection.fetchval("select 'Z' < 'a'")
        assert await connection.fetchval("select lower('Ä') = 'ä'")
        assert await connection.fetchval(
            "select count(*) from pg_available_extensions where name = 'pg_trgm'"
        )
    finally:
        await connection.close()


@as_root
@pytest.mark.parametrize("account", [UNSHARED, NOBODY])
def test_postgres_never_runs_as_root(account: Account, server_root: Path) -> None:
    root = server_root / ("nobody" if account is NOBODY else "unshared")
    with PostgresServer(root, account=account) as server:
        status = Path(f"/proc/{server.pid}/status").read_text()
        capabilities = next(line for line in status.splitlines() if line.startswith("CapEff"))
        assert int(capabilities.split()[1], 16) == 0


def test_servers_listen_on_loopback_only(broker: KafkaServer, server_root: Path) -> None:
    with PostgresServer(server_root / "loopback") as database:
        for server in (broker, database):
            listening = {
                connection.laddr.ip
                for connection in psutil.Process(server.pid).net_connections("inet")
                if connection.status == psutil.CONN_LISTEN
            }
            assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}, server.name
            assert listening


def test_a_taken_port_is_named_before_anything_starts(
    broker: KafkaServer, server_root: Path
) -> None:
    second = KafkaServer(server_root / "second", port=broker.port)
    with pytest.raises(EmbeddedError, match=f"Port {broker.port}, wanted for kafka, is taken"):
        second.start()


def test_a_server_that_dies_at_the_start_shows_the_end_of_its_log(server_root: Path) -> None:
    server = PostgresServer(server_root / "broken")
    server.start()
    server.stop()
    (server.root / "data" / "pg_hba.conf").write_text("nonsense\n")
    with pytest.raises(EmbeddedError, match="pg_hba"):
        server.start()


def test_an_unwritable_cache_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(EmbeddedError, match="set HUB_CACHE"):
        broker_jars()


def test_a_jar_that_is_not_the_locked_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "cache"))
    lock = tmp_path / "broker.lock"
    lock.write_text(f"org.slf4j:slf4j-simple:1.7.36 sha256:{'0' * 64}\n")
    with pytest.raises(EmbeddedError, match="do not use it"):
        broker_jars(lock)
    lock.write_text("# nothing but a remark\n")
    assert read_lock(lock) == []


def test_a_server_is_not_spawned_from_a_thread_that_may_end(server_root: Path) -> None:
    server = PostgresServer(server_root / "threaded")
    with ThreadPoolExecutor() as pool, pytest.raises(RuntimeError, match="from the main thread"):
        pool.submit(server.start).result()


@pytest.mark.parametrize("death", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_outlives_its_parent(death: signal.Signals, server_root: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLD_BOTH, str(server_root / f"held-{death.name}")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        children = psutil.Process(parent.pid).children(recursive=True)
        assert set(pids) <= {child.pid for child in children}
        parent.send_signal(death)
        assert all_end(children)


def test_a_parent_killed_while_servers_start_leaves_none(server_root: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", HOLD_BOTH, str(server_root / "early")])
    with parent:
        watched, deadline = psutil.Process(parent.pid), time.monotonic() + 20
        while not any("java" in child.name() for child in watched.children()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        children = watched.children(recursive=True)
        parent.kill()
        assert all_end(children)


def test_a_suspended_server_can_be_stopped(server_root: Path) -> None:
    with PostgresServer(server_root / "suspended") as server:
        server.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 5


def test_a_stopped_server_frees_its_port(server_root: Path) -> None:
    with PostgresServer(server_root / "freed") as server:
        assert not can_listen(server.port)
    assert can_listen(server.port)


HOLD_BOTH = """
import signal, sys, time
from pathlib import Path
from hub.dev.embedded import KafkaServer, PostgresServer
from hub.dev.lifeline import exit_on_sigterm
root = Path(sys.argv[1])
# Whoever runs the tests in the background has SIGINT ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
with exit_on_sigterm(), PostgresServer(root / "p") as p, KafkaServer(root / "k") as k:
    print(p.pid, k.pid, flush=True)
    time.sleep(60)
"""
