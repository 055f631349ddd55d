"""The watch is a service: it outlives an outage of what it asks, while it looks and while it begins a round."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import typer

from ops.cli import train_watch
from ops.learning.round import Outcome
from ops.learning.watch import Look
from trainer.watch.due import Seen

DUE = Look((), Seen(500, None, None, datetime.now(UTC)), "count: 500 new labels")


class Ended(Exception):
    """The test has seen enough."""


class Service:
    """Fails as often as it is told to, and ends the watch after some looks."""

    def __init__(self, look_fails: int = 0, round_fails: int = 0, looks: int = 3) -> None:
        self.look_fails, self.round_fails, self.looks = look_fails, round_fails, looks
        self.rounds = 0

    def look(self, *_: object) -> Look:
        self.look_fails -= 1
        if self.look_fails >= 0:
            raise typer.Exit(1)
        return DUE

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
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(service: Service, *, once: bool = False) -> None:
        monkeypatch.setattr(train_watch, "_look", service.look)
        monkeypatch.setattr(train_watch, "_round", service.round)
        monkeypatch.setattr("time.sleep", service.sleep)
        train_watch.watch(once=once)

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
