"""Which Kafka and Redis the integration tests run on: containers where Docker has them, else the embedded ones."""

from dataclasses import dataclass

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

__all__ = [
    "CHOSEN",
    "KAFKA_IMAGE",
    "REDIS_IMAGE",
    "TOXIPROXY_IMAGE",
    "StackChoice",
    "choose_stack",
    "missing_image",
    "why_no_toxiproxy",
]

KAFKA_IMAGE = "apache/kafka:4.1.0"
REDIS_IMAGE = "redis:7-alpine"
TOXIPROXY_IMAGE = "ghcr.io/shopify/toxiproxy:2.12.0"

_ENGINE_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class StackChoice:
    """`why` the embedded servers run; None: containers do. `may_pull`: a missing image is no reason to skip a test."""

    why: str | None
    may_pull: bool = False

    def __str__(self) -> str:
        return f"containers {KAFKA_IMAGE}, {REDIS_IMAGE}" if self.why is None else f"embedded ({self.why})"


CHOSEN = pytest.StashKey[StackChoice]()
"""What a test run has chosen, once a test needed it."""


def choose_stack(asked_for: str) -> StackChoice:
    """Choose as `--stack` asks: "embedded", "containers" (images are pulled), or "auto" (nothing is pulled)."""
    if asked_for == "embedded":
        return StackChoice("asked for")
    if asked_for == "containers":
        return StackChoice(None, may_pull=True)
    missing = missing_image(KAFKA_IMAGE, REDIS_IMAGE)
    return StackChoice(f"no Docker: {missing}" if missing else None)


def why_no_toxiproxy(choice: StackChoice) -> str | None:
    """Why the faults of the network cannot be made; None: they can, or have to."""
    return choice.why or (None if choice.may_pull else missing_image(TOXIPROXY_IMAGE))


def missing_image(*names: str) -> str | None:
    """Why containers of these images cannot run without pulling one; None: they can."""
    try:
        client = docker.from_env(timeout=_ENGINE_TIMEOUT_S)
    except (DockerException, OSError):
        return "no engine answers"
    try:
        if client.api.base_url != "http+docker://localhost":
            return "the engine is on another machine"  # its ports are not on this one's loopback interface
        for name in names:
            client.images.get(name)
    except ImageNotFound:
        return f"no image {name}"
    except (DockerException, OSError) as error:  # the client lets errors of its HTTP library through
        return f"the engine fails ({type(error).__name__})"
    finally:
        client.close()
    return None
