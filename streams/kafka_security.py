"""One way to the brokers for both clients: aiokafka reads (through Faust), librdkafka writes."""

import ssl
from typing import Any

import faust

from streams.settings import KafkaSettings

__all__ = ["faust_credentials", "librdkafka_config"]


def faust_credentials(settings: KafkaSettings) -> Any:
    """Return Faust's `broker_credentials`; None on a plaintext connection."""
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return None
    context = None
    if protocol.endswith("SSL"):
        context = ssl.create_default_context(
            cafile=str(settings.kafka_ca_file) if settings.kafka_ca_file else None
        )
    if protocol == "SSL":
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        ssl_context=context,
    )


def librdkafka_config(settings: KafkaSettings) -> dict[str, object]:
    """Return the settings of a librdkafka client."""
    config: dict[str, object] = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_ca_file:
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_password
        config["sasl.mechanisms"] = settings.kafka_sasl_mechanism
        config["sasl.username"] = settings.kafka_username
        config["sasl.password"] = password.get_secret_value() if password else None
    return config
