"""One real stack for all integration tests that need it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback
from ops.cli.stack import open_stack
from ops.local.blocking import running
from ops.local.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole running stack: Kafka, Redis, Triton and both workers."""
    with running(open_stack(tmp_path_factory.mktemp("stack"))) as stack:
        yield stack


@pytest.fixture
def playback(stack: Stack) -> Iterator[Playback]:
    """Sends messages and reads all events from now on."""
    bootstrap = str(stack.endpoints.kafka)
    follower = Follower(bootstrap, from_start=False)
    yield Playback(Sender(bootstrap), follower, on_row=lambda _: None)
    follower.close()


@pytest.fixture(scope="session")
def logs(stack: Stack) -> Callable[[], str]:
    """Everything that any part of the stack has logged."""

    def read() -> str:
        folder: Path = stack.config.data_dir / "logs"
        return "\n".join(path.read_text(errors="replace") for path in sorted(folder.iterdir()))

    return read
