"""Where Kafka and the payload keys are: in the deployment that the environment names, else in the embedded stack."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import ValidationError
from rich.console import Console

from ops.cli.keys import development_keys
from ops.cli.running import running_stack
from ops.local.config import default_data_dir
from streams.errors import ConfigurationError
from streams.kafka_security import librdkafka_config
from streams.settings import KafkaSettings, PayloadSettings

__all__ = ["Connection", "connection"]

_NAMES_A_DEPLOYMENT = "TRIAGE_KAFKA_BOOTSTRAP"


@dataclass(frozen=True, slots=True)
class Connection:
    """librdkafka settings, and the keys that open dead letters."""

    kafka: Mapping[str, object]
    payload_keys: tuple[bytes, ...]


@contextmanager
def connection(console: Console) -> Iterator[Connection]:
    """Yield the way to a deployment, or to the embedded stack, started for this command where none runs.

    Raises ConfigurationError, which names settings and never shows values.
    """
    if _NAMES_A_DEPLOYMENT in os.environ:
        try:
            kafka, payload = KafkaSettings(), PayloadSettings()
        except ValidationError as error:
            raise ConfigurationError(str(error)) from None
        yield Connection(librdkafka_config(kafka), tuple(payload.payload_keys))
        return
    with running_stack(console) as endpoints:
        key = development_keys(default_data_dir())["TRIAGE_PAYLOAD_KEY"]
        yield Connection({"bootstrap.servers": str(endpoints.kafka)}, (key.encode(),))
