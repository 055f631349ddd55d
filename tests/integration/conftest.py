"""One real stack for all integration tests that need it."""

from collections.abc import Iterator

import pytest

from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback
from ops.cli.stack import stack_config
from ops.local.blocking import running
from ops.local.stack import Stack
from tests.integration.containers import Containers, kafka_server, redis_server
from tests.integration.parts import Parts, PartsInContainers, on_servers
from tests.integration.stack_choice import CHOSEN, StackChoice, choose_stack

_START_TIMEOUT_S = 300.0  # a busy machine is no failure


@pytest.fixture(scope="session")
def stack_choice(pytestconfig: pytest.Config) -> StackChoice:
    """What `--stack` comes to on this machine."""
    choice = choose_stack(pytestconfig.getoption("--stack"))
    pytestconfig.stash[CHOSEN] = choice
    return choice


@pytest.fixture(scope="session")
def containers(stack_choice: StackChoice) -> Iterator[Containers | None]:
    """Kafka and Redis; None where the embedded ones are chosen."""
    if stack_choice.why is not None:
        yield None
        return
    with kafka_server() as kafka, redis_server() as redis:
        yield Containers(kafka, redis)


@pytest.fixture(scope="session")
def parts(containers: Containers | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A whole running stack: Kafka, Redis, Triton and both workers."""
    config = stack_config(tmp_path_factory.mktemp("stack")).starting_within(_START_TIMEOUT_S)
    if containers is None:
        with running(Stack(config)) as stack:
            yield Parts(stack)
        return
    with running(Stack(on_servers(config, containers.kafka.bootstrap, containers.redis.url))) as stack:
        yield PartsInContainers(stack, containers)


@pytest.fixture(scope="session")
def stack(parts: Parts) -> Stack:
    return parts.stack


@pytest.fixture
def playback(stack: Stack) -> Iterator[Playback]:
    """Sends messages and reads all events from now on."""
    kafka = {"bootstrap.servers": str(stack.endpoints.kafka)}
    follower = Follower(kafka, from_start=False)
    yield Playback(Sender(kafka), follower, on_row=lambda _: None)
    follower.close()
