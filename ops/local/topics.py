"""Creates the topics that a stack is configured with."""

import logging
from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from ops.local.config import TopicSpec
from streams.leadership import until_led

__all__ = ["admin_client", "broker_answers", "ensure_topics"]

_REQUEST_TIMEOUT_S = 20.0


def admin_client(bootstrap: str, config: Mapping[str, object] | None = None) -> AdminClient:
    """An admin client that finds a restarted broker at once. `config`: librdkafka's, for TLS and SASL."""
    silent = logging.getLogger("librdkafka.silent")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    return AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 250,
            **(config or {}),
        },
        logger=silent,
    )


def broker_answers(admin: AdminClient, timeout_s: float) -> bool:
    """Whether a broker gives its metadata within the time. Blocks."""
    try:
        return bool(admin.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False


def ensure_topics(admin: AdminClient, topics: Sequence[TopicSpec], *, replication_factor: int = 1) -> None:
    """Create the topics that are missing; give those that exist more partitions or other settings where the
    spec says so. Returns when every partition answers its readers, which is a moment after it was made.

    Blocks. Raises KafkaException. Partitions are never taken away: Kafka cannot.
    """
    existing = admin.list_topics(timeout=_REQUEST_TIMEOUT_S).topics
    new = [topic for topic in topics if topic.name not in existing]
    old = [topic for topic in topics if topic.name in existing]
    if new:
        _create(admin, new, replication_factor)
    grown = [topic for topic in old if topic.partitions > len(existing[topic.name].partitions)]
    if grown:
        wanted = [NewPartitions(topic.name, topic.partitions) for topic in grown]
        _await(admin.create_partitions(wanted, request_timeout=_REQUEST_TIMEOUT_S))
    configured = [topic for topic in old if topic.config]
    if configured:
        _await(admin.incremental_alter_configs([_resource(topic) for topic in configured]))
    until_led(_ask_for_ends, admin, [*new, *grown])


def _create(admin: AdminClient, topics: Sequence[TopicSpec], replication_factor: int) -> None:
    wanted = [
        NewTopic(topic.name, topic.partitions, replication_factor=replication_factor, config=topic.config)
        for topic in topics
    ]
    for created in admin.create_topics(wanted, request_timeout=_REQUEST_TIMEOUT_S).values():
        try:
            created.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _ask_for_ends(admin: AdminClient, topics: Sequence[TopicSpec]) -> None:
    ends = {
        TopicPartition(t.name, number): OffsetSpec.latest() for t in topics for number in range(t.partitions)
    }
    if ends:
        # else the client keeps to what it knew before the topics were
        admin.list_topics(timeout=_REQUEST_TIMEOUT_S)
        _await(admin.list_offsets(ends, request_timeout=_REQUEST_TIMEOUT_S))


def _resource(topic: TopicSpec) -> ConfigResource:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in topic.config.items()
    ]
    return ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)


def _await(futures: dict[object, object]) -> None:
    for future in futures.values():
        future.result()  # type: ignore[attr-defined]
