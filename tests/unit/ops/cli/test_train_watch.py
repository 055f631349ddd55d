"""The watch is a service: it outlives an outage of what it asks, and it is the only one of its folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import typer

from ops.cli import train_watch
from ops.learning.round import Outcome
from ops.learning.watch import Look
from trainer.watch.due import Seen
from trainer.watch.rounds import Rounds, RoundsError, RoundsInUse

DUE = Look((), Seen(500, None, None, datetime.now(UTC)), "count: 500 new labels")


class Ended(Exception):
    """The test has seen enough."""


class Service:
    """Fails as often as it is told to, and ends the watch after some looks."""

    def __init__(self, look_fails: int = 0, round_fails: int = 0, looks: int = 3) -> None:
        self.look_fails, self.round_fails, self.looks = look_fails, round_fails, looks
        self.rounds = 0

    def look(self, *_: object) -> tuple[Look, bool]:
        self.look_fails -= 1
        if self.look_fails >= 0:
            raise typer.Exit(1)
        return DUE, True

    def round(self, *_: object, **__: object) -> Outcome:
        self.round_fails -= 1
        if self.round_fails >= 0:
            raise typer.Exit(1)
        self.rounds += 1
        return Outcome.SHADOWING

    def sleep(self, _: float) -> None:
        self.looks -= 1
        if self.looks == 0:
            raise Ended


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    def run(service: Service, *, once: bool = False) -> None:
        monkeypatch.setattr(train_watch, "_look", service.look)
        monkeypatch.setattr(train_watch, "_round", service.round)
        monkeypatch.setattr("time.sleep", service.sleep)
        train_watch.watch(rounds=tmp_path, once=once)

    return run


@pytest.mark.parametrize("service", [Service(look_fails=1), Service(round_fails=1)])
def test_what_fails_once_is_tried_again_at_the_next_look(
    watch: Callable[..., None], service: Service
) -> None:
    with pytest.raises(Ended):
        watch(service)
    assert service.rounds == 2


@pytest.mark.parametrize("service", [Service(look_fails=1), Service(round_fails=1)])
def test_a_single_look_says_that_it_failed(watch: Callable[..., None], service: Service) -> None:
    with pytest.raises(typer.Exit) as ended:
        watch(service, once=True)
    assert ended.value.exit_code == 1
    assert service.rounds == 0


WAIT_S = 240.0
AWAY = {
    "TRIAGE_DEVELOPMENT": "1",
    "TRIAGE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "TRIAGE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
    "TRIAGE_REDIS_URL": "redis://127.0.0.1:1/0",
}
"""A deployment where nothing answers: a watch of it looks, says so, and waits for its next look."""


@contextmanager
def watching(rounds: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "ops.cli.main", "train", "watch", "--rounds", str(rounds), *options]
    process = subprocess.Popen(command, env={**os.environ, **AWAY}, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_watch_of_a_folder_is_refused_until_the_first_is_gone_even_killed(tmp_path: Path) -> None:
    with watching(tmp_path, "--poll-s", "600") as first:
        assert first.stderr is not None
        assert "away" in first.stderr.readline()
        with watching(tmp_path) as second:
            _, said = second.communicate(timeout=WAIT_S)
        assert (second.returncode, said) == (1, f"{tmp_path}: another `triage train watch` has it\n")
        assert first.poll() is None
        first.kill()
        first.wait(timeout=WAIT_S)
        with watching(tmp_path, "--once") as third:
            _, said = third.communicate(timeout=WAIT_S)
    assert "away" in said


ROUND_WITHOUT_END = """
import sys
from pathlib import Path
from ops.cli import train_watch
from ops.learning import round
from tests.unit.ops.cli.test_train_watch import DUE

train_watch._look = lambda *_: (DUE, True)
train_watch._live = lambda: Path("live")
round._TRIAGE = ("sh", "-c", "echo $$; exec sleep 60")
train_watch.watch(rounds=Path(sys.argv[1]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_watch_that_ends_takes_the_command_of_its_round_along(
    number: signal.Signals, tmp_path: Path
) -> None:
    arguments = [sys.executable, "-c", ROUND_WITHOUT_END, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as watch:
        assert watch.stdout is not None
        command = psutil.Process(int(watch.stdout.readline()))
        watch.send_signal(number)
        assert watch.wait(timeout=WAIT_S) == -number
    command.wait(timeout=WAIT_S / 8)  # before it would have ended by itself


def test_watches_of_two_folders_do_not_know_each_other(tmp_path: Path) -> None:
    with Rounds(tmp_path / "a").watched(), Rounds(tmp_path / "b").watched():
        pass


def test_a_watch_of_a_watched_folder_is_told_so_and_may_begin_once_the_first_ended(tmp_path: Path) -> None:
    with Rounds(tmp_path).watched(), pytest.raises(RoundsInUse), Rounds(tmp_path).watched():
        pass
    with Rounds(tmp_path).watched():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RoundsError, match="file/rounds: Not a directory"),
        Rounds(tmp_path / "file/rounds").watched(),
    ):
        pass
