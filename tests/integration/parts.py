"""The parts of the running stack, as tests break and watch them, whoever runs them."""

import os
import signal
from pathlib import Path

from ops.local.config import External, StackConfig
from ops.local.stack import Stack
from ops.local.state import PartState, StackStatus
from ops.local.topics import admin_client, ensure_topics
from tests.integration.containers import Containers, KafkaServer, RedisServer

__all__ = ["Parts", "PartsInContainers", "on_servers"]


def on_servers(config: StackConfig, kafka: str, redis_url: str) -> StackConfig:
    """The same stack on a broker and a Redis that run already; its topics are made."""
    ensure_topics(admin_client(kafka), config.topics)
    external = External(kafka=kafka, redis_url=redis_url)
    return StackConfig(**{**dict(config), "servers": {"triton"}, "topics": (), "external": external})


class Parts:
    """All parts are processes of the embedded supervisor."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._expected_restarts: dict[str, int] = {}

    def pid(self, part: str) -> int:
        process = self._status().parts[part].process
        assert process is not None
        return process.pid

    def crash(self, part: str) -> None:
        """Kill -9; the part is started again."""
        self._expected_restarts[part] = self._status().parts[part].restarts + 1
        os.kill(self.pid(part), signal.SIGKILL)

    def are_ready(self) -> bool:
        """Whether all parts serve, those that crashed in a new life."""
        parts = self._status().parts
        return all(part.state is PartState.READY for part in parts.values()) and all(
            parts[name].restarts >= count for name, count in self._expected_restarts.items()
        )

    def newest_segment(self, topic: str, partition: int) -> bytes:
        """The bytes of the partition's log file that the broker writes to."""
        data_dir = self.stack.config.data_dir
        return sorted((data_dir / "kafka").rglob(f"{topic}-{partition}/*.log"))[-1].read_bytes()

    def logs(self) -> str:
        """Everything that any part has logged."""
        folder: Path = self.stack.config.data_dir / "logs"
        return "\n".join(path.read_text(errors="replace") for path in sorted(folder.iterdir()))

    def _status(self) -> StackStatus:
        status = self.stack.status()
        assert status is not None
        return status


class PartsInContainers(Parts):
    """Kafka and Redis are containers; the supervisor runs the others."""

    def __init__(self, stack: Stack, containers: Containers) -> None:
        super().__init__(stack)
        self._kafka = containers.kafka
        self._servers: dict[str, KafkaServer | RedisServer] = {
            "kafka": containers.kafka,
            "redis": containers.redis,
        }

    def crash(self, part: str) -> None:
        if part in self._servers:
            self._servers[part].crash()
        else:
            super().crash(part)

    def are_ready(self) -> bool:
        return super().are_ready() and all(server.answers() for server in self._servers.values())

    def newest_segment(self, topic: str, partition: int) -> bytes:
        return self._kafka.newest_segment(topic, partition)

    def logs(self) -> str:
        return "\n".join([super().logs(), *(server.logs() for server in self._servers.values())])
