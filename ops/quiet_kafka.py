"""Kafka clients for a terminal: their own log lines stay out of it, and a failure is the command's to tell."""

import logging
from collections.abc import Mapping

__all__ = ["quiet"]


def quiet(config: Mapping[str, object]) -> dict[str, object]:
    """Return librdkafka settings with which a client writes nothing to standard error."""
    logger = logging.getLogger("triage.quiet_kafka")
    logger.addHandler(_NOWHERE)  # none at all: Python would print warnings itself
    logger.propagate = False
    return {**config, "logger": logger}


_NOWHERE = logging.NullHandler()
