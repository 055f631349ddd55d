"""Kafka clients for a terminal: their own log lines stay out of it, and a failure is the command's to tell."""

from collections.abc import Mapping

__all__ = ["quiet"]

_EMERGENCIES = 0


def quiet(config: Mapping[str, object]) -> dict[str, object]:
    """Return librdkafka settings with which a client writes nothing to standard error.

    Not by a logger that drops all lines: the client calls it also after Ctrl-C was pressed, while the brokers are away,
    and a SystemError comes of it (confluentinc/confluent-kafka-python#1708).
    """
    return {**config, "log_level": _EMERGENCIES}
