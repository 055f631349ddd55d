"""A real broker for the engine's tests, topics and workers on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local.blocking import start_parts
from tests.integration.containers import Containers
from tests.integration.engine.support import Topics, Worker


@pytest.fixture(scope="session")
def kafka_bootstrap(containers: Containers | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker that lives as long as the session."""
    if containers is not None:
        yield containers.kafka.bootstrap
        return
    with start_parts(tmp_path_factory.mktemp("kafka"), {"kafka"}) as stack:
        yield str(stack.endpoints.kafka)


@pytest.fixture
def topics(kafka_bootstrap: str) -> Topics:
    return Topics(kafka_bootstrap)


@pytest.fixture
def worker(topics: Topics, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(topics, tmp_path)
    yield worker
    worker.kill_all()
