"""Kafka and Redis as containers, removed with their volumes when their block ends.

Host ports are chosen beforehand, because an ephemeral one changes when a container is started again. They are bound to
the loopback interface: the broker asks for no password.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from ops.local.ports import LOOPBACK, choose_ports
from ops.local.topics import admin_client, broker_answers
from tests.integration.stack_choice import KAFKA_IMAGE, REDIS_IMAGE

__all__ = [
    "KAFKA_PROXIED_PORT",
    "REDIS_PORT",
    "Containers",
    "KafkaServer",
    "RedisServer",
    "container",
    "kafka_server",
    "redis_server",
]

# The reaper would be one more image to pull; the blocks below remove what they start.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

KAFKA_PROXIED_PORT = 9094
"""Where the broker listens for who comes through a proxy, inside its network; it advertises the proxy's address."""
REDIS_PORT = 6379
_KAFKA_PORT = 9092
_KAFKA_LOGS = "/tmp/kraft-combined-logs"  # noqa: S108  # in the container
_START_TIMEOUT_S = 60
_EXIT_TIMEOUT_S = 30
_PROBE_TIMEOUT_S = 2.0

_KAFKA_SETTINGS = {
    "NODE_ID": "1",
    "PROCESS_ROLES": "broker,controller",
    "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "INTER_BROKER_LISTENER_NAME": "HOST",
    "LISTENERS": f"HOST://:{_KAFKA_PORT},PROXIED://:{KAFKA_PROXIED_PORT},CONTROLLER://:9093",
    "LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "LOG_DIRS": _KAFKA_LOGS,
    "AUTO_CREATE_TOPICS_ENABLE": "false",
    "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "OFFSETS_TOPIC_NUM_PARTITIONS": "4",
    "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "BROKER_SESSION_TIMEOUT_MS": "3000",  # a killed broker may come back only when its session has ended
    "BROKER_HEARTBEAT_INTERVAL_MS": "500",
    "HEAP_OPTS": "-Xmx512m -Xms256m",
}


class _Server:
    """A started container."""

    def __init__(self, started: DockerContainer) -> None:
        self._container = started

    def crash(self) -> None:
        """Kill -9, and start again at once, as a supervisor does; its data are kept."""
        running = self._container.get_wrapped_container()
        running.kill()
        running.wait(timeout=_EXIT_TIMEOUT_S)  # one that still runs would not be started
        running.start()

    def logs(self) -> str:
        return b"\n".join(self._container.get_logs()).decode("utf-8", "replace")


class KafkaServer(_Server):
    """One broker, at `bootstrap` for clients on this machine."""

    def __init__(self, started: DockerContainer, bootstrap: str) -> None:
        super().__init__(started)
        self.bootstrap = bootstrap
        self._admin: AdminClient = admin_client(bootstrap)

    def answers(self) -> bool:
        return broker_answers(self._admin, _PROBE_TIMEOUT_S)

    def newest_segment(self, topic: str, partition: int) -> bytes:
        """The bytes of the partition's log file that is written to."""
        command = f"cat $(ls {_KAFKA_LOGS}/{topic}-{partition}/*.log | tail -1)"
        result = self._container.exec(["sh", "-c", command])
        assert result.exit_code == 0, result.output
        return bytes(result.output)


class RedisServer(_Server):
    """One server, at `url` for clients on this machine."""

    def __init__(self, started: DockerContainer, port: int, password: str) -> None:
        super().__init__(started)
        self.password = password
        self.url = f"redis://:{password}@{LOOPBACK}:{port}/0"
        self.client = Redis.from_url(
            self.url,
            socket_timeout=_PROBE_TIMEOUT_S,
            socket_connect_timeout=_PROBE_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


@dataclass(frozen=True, slots=True)
class Containers:
    """What a stack on containers uses."""

    kafka: KafkaServer
    redis: RedisServer


def container(image: str, alias: str, ports: Mapping[int, int], network: Network | None) -> DockerContainer:
    """Describe a container, `alias` in its network; `ports` are its own and those of this machine."""
    described = DockerContainer(image)
    # Not `with_bind_ports`: that takes no address, so all of this machine's would be bound.
    described.ports = {str(inside): (LOOPBACK, outside) for inside, outside in ports.items()}
    return described.with_network(network).with_network_aliases(alias) if network else described


@contextmanager
def kafka_server(
    network: Network | None = None, proxied_port: int = KAFKA_PROXIED_PORT
) -> Iterator[KafkaServer]:
    """Run a broker; in `network` it is `kafka`, and a proxy may stand before it at `proxied_port` of this machine."""
    port = choose_ports(["kafka"], {})["kafka"]
    advertised = f"HOST://{LOOPBACK}:{port},PROXIED://{LOOPBACK}:{proxied_port}"
    settings = {**_KAFKA_SETTINGS, "ADVERTISED_LISTENERS": advertised}
    broker = container(KAFKA_IMAGE, "kafka", {_KAFKA_PORT: port}, network)
    broker.with_envs(**{f"KAFKA_{name}": value for name, value in settings.items()})
    with _started(broker, "Kafka Server started"):
        yield KafkaServer(broker, f"{LOOPBACK}:{port}")


@contextmanager
def redis_server(network: Network | None = None) -> Iterator[RedisServer]:
    """Run a Redis with a password and an append-only file; in `network` it is `redis`."""
    port = choose_ports(["redis"], {})["redis"]
    password = secrets.token_urlsafe(24)
    # Not Testcontainers' RedisContainer: its command, ports and wait would all be replaced. It keeps no file and binds
    # every address; where the tests run in a container, it asks the bridge instead of the loopback interface.
    server = container(REDIS_IMAGE, "redis", {REDIS_PORT: port}, network)
    server.with_command(["redis-server", "--appendonly", "yes", "--requirepass", password])
    with _started(server, "Ready to accept connections"):
        yield RedisServer(server, port, password)


@contextmanager
def _started(server: DockerContainer, message: str) -> Iterator[None]:
    wait = LogMessageWaitStrategy(message).with_startup_timeout(_START_TIMEOUT_S).with_poll_interval(0.1)
    with server.waiting_for(wait):
        yield
