"""A broker with TLS and SASL, and the product's own worker on it, with the settings of a deployment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from ops.local.blocking import start_parts
from ops.local.config import KafkaListener, TopicSpec
from ops.local.ports import LOOPBACK
from streams.leadership import until_led
from streams.topics import ALL_TOPICS, MESSAGES
from tests.integration.certificates import Authority

__all__ = ["PARTITIONS", "PASSWORDS", "SecureBroker", "admission", "secure_broker", "worker_environment"]

ROOT = Path(__file__).parents[3]
USER = "admission"
PASSWORDS = {"PLAIN": "for-plain", "SCRAM-SHA-512": "for-scram"}
PARTITIONS = 2

_LOGIN = "org.apache.kafka.common.security"
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class SecureBroker:
    """`address` speaks TLS and SASL, `open_address` neither; `authority_file` is what a client must trust."""

    address: str
    open_address: str
    authority_file: Path
    other_authority_file: Path

    def send(self, count: int) -> None:
        """Raw messages that become dead letters: the outputs that need no model and no more of us."""
        producer = Producer({"bootstrap.servers": self.open_address})
        for number in range(count):
            producer.produce(MESSAGES.name, b"not json", partition=number % PARTITIONS)
        assert producer.flush(_TIMEOUT_S) == 0

    def appended(self, topic: str) -> int:
        """Records on a topic."""
        reader = self._reader("watermarks")
        try:
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            return sum(
                until_led(reader.get_watermark_offsets, place, timeout=_TIMEOUT_S)[1] for place in places
            )
        finally:
            reader.close()

    def committed(self) -> int:
        """Messages that admission has acknowledged."""
        reader = self._reader("triage-admit")
        try:
            places = [TopicPartition(MESSAGES.name, number) for number in range(PARTITIONS)]
            return sum(
                max(0, place.offset) for place in until_led(reader.committed, places, timeout=_TIMEOUT_S)
            )
        finally:
            reader.close()

    def _reader(self, group: str) -> Consumer:
        return Consumer({"bootstrap.servers": self.open_address, "group.id": group})


@contextmanager
def secure_broker(folder: Path) -> Iterator[SecureBroker]:
    """Run a broker whose certificate a new authority has signed, with one user for each mechanism."""
    authority = Authority.create("authority")
    listener = KafkaListener(
        protocol="SASL_SSL",
        settings={
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(authority.write_server(folder / "broker.pem", LOOPBACK)),
            "sasl.enabled.mechanisms": ",".join(PASSWORDS),
            "plain.sasl.jaas.config": (
                f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORDS["PLAIN"]}";'
            ),
            "scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
        },
    )
    topics = [TopicSpec(name=t.name, partitions=PARTITIONS, config=t.config) for t in ALL_TOPICS]
    with start_parts(folder / "kafka", {"kafka"}, topics, kafka_listener=listener) as stack:
        status = stack.status()
        assert status is not None
        _create_scram_user(status.address("kafka"))
        yield SecureBroker(
            address=status.address("kafka_secure"),
            open_address=status.address("kafka"),
            authority_file=authority.write_certificate(folder / "authority.pem"),
            other_authority_file=Authority.create("other").write_certificate(folder / "other.pem"),
        )


def _create_scram_user(address: str) -> None:
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, iterations=4096)
    user = UserScramCredentialUpsertion(USER, credential, PASSWORDS["SCRAM-SHA-512"].encode())
    admin = AdminClient({"bootstrap.servers": address})
    for created in admin.alter_user_scram_credentials([user]).values():
        created.result(_TIMEOUT_S)


def worker_environment(broker: SecureBroker, mechanism: str, **changes: str) -> dict[str, str]:
    """Settings of an admission worker as in a deployment: development mode is off."""
    settings = {
        "KAFKA_BOOTSTRAP": broker.address,
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_USERNAME": USER,
        "KAFKA_PASSWORD": PASSWORDS[mechanism],
        "KAFKA_CA_FILE": str(broker.authority_file),
        "PSEUDONYM_KEY": "pseudonyms " * 4,
        "PAYLOAD_KEY": "payloads " * 4,
        **changes,
    }
    return {f"TRIAGE_{name}": value for name, value in settings.items()}


@contextmanager
def admission(environment: dict[str, str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run an admission worker, which logs to `folder`/worker.log."""
    own = {"TRIAGE_STAGE": "admit", "TRIAGE_STATE_DIR": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGE_")}
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.worker", "worker", "--loglevel", "warn"],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env={**clean, **own, **environment},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
