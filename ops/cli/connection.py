"""Where Kafka, Redis, models and keys are: in the deployment that the environment names, else in the embedded stack."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from rich.console import Console

from ops.cli.keys import development_keys
from ops.cli.running import running_stack
from ops.cli.stack import find_stack, served_repository
from ops.local.config import default_data_dir
from ops.local.stack import Endpoints, Stack
from ops.quiet_kafka import quiet
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.domain import admission
from streams.errors import ConfigurationError
from streams.kafka_security import librdkafka_config
from streams.settings import BufferSettings, KafkaSettings, ModelServerSettings, PayloadSettings

__all__ = [
    "Connection",
    "connection",
    "deployment",
    "embedded",
    "environment_of",
    "patient_pseudonym",
    "reachable",
]

_NAMES_A_DEPLOYMENT = "TRIAGE_KAFKA_BOOTSTRAP"
_PSEUDONYM_KEY = "TRIAGE_PSEUDONYM_KEY"

S = TypeVar("S", KafkaSettings, BufferSettings, ModelServerSettings)


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
        yield Connection(quiet(librdkafka_config(kafka)), tuple(payload.payload_keys))
        return
    with running_stack(console) as endpoints:
        key = development_keys(default_data_dir())["TRIAGE_PAYLOAD_KEY"]
        yield Connection(quiet({"bootstrap.servers": str(endpoints.kafka)}), (key.encode(),))


@contextmanager
def deployment(console: Console, kind: type[S]) -> Iterator[S]:
    """Yield the settings of a deployment, or of the embedded stack, as above. Raises ConfigurationError."""
    if _NAMES_A_DEPLOYMENT in os.environ:
        yield _named(kind)
        return
    with running_stack(console) as endpoints:
        yield embedded(endpoints, kind)


def reachable(kind: type[S]) -> S:
    """Return the settings of a deployment, or of the embedded stack. Raises ConfigurationError, StackNotRunning."""
    return _named(kind) if _NAMES_A_DEPLOYMENT in os.environ else embedded(find_stack().endpoints, kind)


def patient_pseudonym(patient_id: str) -> str:
    """Return the pseudonym that admission gives a patient, by the deployment's key or the embedded stack's own.

    Raises ConfigurationError, which names the setting alone.
    """
    if _NAMES_A_DEPLOYMENT in os.environ:
        key = os.environ.get(_PSEUDONYM_KEY)
        if not key:
            raise ConfigurationError(f"{_PSEUDONYM_KEY} is not set: without it a patient has no pseudonym")
    else:
        key = development_keys(default_data_dir())[_PSEUDONYM_KEY]
    return admission.patient_pseudonym(HmacPseudonymizer(key.encode()), patient_id)


def _named(kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        raise ConfigurationError(str(error)) from None


def embedded(endpoints: Endpoints, kind: type[S]) -> S:
    """Return the settings of the embedded stack."""
    values: dict[str, Any] = {
        "development": True,
        "kafka_bootstrap": str(endpoints.kafka),
        "kafka_security_protocol": "PLAINTEXT",
        "redis_url": SecretStr(str(endpoints.redis_url)),
        "model_repository": served_repository(),
        "triton_address": str(endpoints.triton_grpc),
        "triton_tls": False,
    }
    return kind(**{name: value for name, value in values.items() if name in kind.model_fields})


def environment_of(stack: Stack) -> dict[str, str]:
    """Return what makes a process take the running `stack` for a deployment, with the models that it serves."""
    ends = stack.endpoints
    return {
        "TRIAGE_DEVELOPMENT": "1",
        _NAMES_A_DEPLOYMENT: str(ends.kafka),
        "TRIAGE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "TRIAGE_REDIS_URL": str(ends.redis_url),
        "TRIAGE_TRITON_ADDRESS": str(ends.triton_grpc),
        "TRIAGE_TRITON_TLS": "0",
        "TRIAGE_MODEL_REPOSITORY": str(stack.config.model_repository),
    }
