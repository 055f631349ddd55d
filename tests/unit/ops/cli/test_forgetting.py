"""Erasure reaches the rounds and what runs replay; what cannot forget is named, and stops nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.console import Console

from ops.cli import train_watch
from ops.cli.forgetting import Forgotten, forget
from ops.learning.round import Outcome
from streams.domain.feedback import FeedbackExample
from tests.unit.trainer.continual.test_erasure import ORIGINS, example, row, texts
from trainer.continual.memory import Memory
from trainer.continual.start import write_state
from trainer.runs import RunFolder
from trainer.watch.rounds import LABELS, Rounds


class Ended(Exception):
    """The test has seen enough."""


@pytest.fixture
def kept(tmp_path: Path) -> SimpleNamespace:
    """Two rounds and two runs, each with words of the patient p-1; `hers` and `broken` come first."""
    rounds = Rounds(tmp_path / "rounds")
    rounds.begin([example("p-1", "my chest hurts")], "count")
    rounds.begin([example("p-1", "worse"), example("p-2", "a cough")], "count")
    runs = [RunFolder(tmp_path / "runs" / name) for name in ("broken", "sound")]
    for run in runs:
        run.path.mkdir(parents=True)
        write_state(run, None, None, Memory((row("p-1", "worse"), row("p-2", "a cough")), seen=9), ORIGINS)
    return SimpleNamespace(rounds=rounds, folder=tmp_path / "rounds", runs=tmp_path / "runs", of=runs)


def test_rounds_and_runs_forget(kept: SimpleNamespace) -> None:
    assert forget({"p-1"}, kept.folder, kept.runs, Console()) == Forgotten(2, 2, ())
    assert [texts(run) for run in kept.of] == [["a cough"], ["a cough"]]
    assert kept.rounds.latest() == [example("p-2", "a cough")]


def test_what_cannot_forget_is_told_and_all_else_forgets(
    kept: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    (kept.folder / "0001" / LABELS).write_bytes(b"\xff\xfe")
    (kept.of[0].memory / "dataset.json").unlink()
    forgotten = forget({"p-1"}, kept.folder, kept.runs, Console(stderr=True))
    assert (forgotten.examples, forgotten.rows, len(forgotten.faults)) == (1, 1, 2)
    said = capsys.readouterr().err
    assert said.splitlines() == list(forgotten.faults)
    assert "0001" in said
    assert "run broken still keeps" in said
    assert (texts(kept.of[1]), kept.rounds.latest()) == (["a cough"], [example("p-2", "a cough")])


@pytest.mark.parametrize("name", ["labels.jsonl", ".rounds.lock"])
def test_a_round_that_the_file_system_refuses_is_told(kept: SimpleNamespace, name: str) -> None:
    refused = kept.folder / "0001" / name if name == LABELS else kept.folder / name
    refused.unlink()
    refused.mkdir()
    (fault,) = forget({"p-1"}, kept.folder, kept.runs, Console(stderr=True)).faults
    assert fault.endswith("Is a directory")


def test_runs_that_cannot_be_listed_are_told(kept: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("trainer.runs.Path.iterdir", listed)
        patched.setattr(Rounds, "erase", lambda *_: 0)
        forgotten = forget({"p-1"}, kept.folder, kept.runs, Console(stderr=True))
    assert forgotten.faults == (f"{kept.runs}: Permission denied",)


@pytest.fixture
def buffer(monkeypatch: pytest.MonkeyPatch) -> list[FeedbackExample]:
    """What the buffer holds, to be filled; p-1 is erased. The first question is for the examples."""
    held: list[FeedbackExample] = []

    @contextmanager
    def settings() -> Iterator[None]:
        yield

    def asked(_: None, question: Any) -> Any:
        is_erased = getattr(question, "__name__", "") == "erased"
        return {"p-1"} if is_erased else [one.model_dump_json() for one in held]

    monkeypatch.setattr(train_watch, "buffer_settings", settings)
    monkeypatch.setattr(train_watch, "asked", asked)
    return held


def test_a_memory_that_cannot_be_read_stops_no_round_and_is_told_at_each_look(
    kept: SimpleNamespace,
    buffer: list[FeedbackExample],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (kept.of[0].memory / "dataset.json").unlink()
    buffer += [example("p-1", "my chest hurts"), example("p-3", "dizzy")]
    given: list[tuple[FeedbackExample, ...]] = []
    looks = iter([None, Ended])

    def begun(looked: Any, *_: object) -> Outcome:
        given.append(looked.unlearned)
        return Outcome.SHADOWING

    def sleep(_: float) -> None:
        if next(looks) is Ended:
            raise Ended

    monkeypatch.setattr(train_watch, "_round", begun)
    monkeypatch.setattr("time.sleep", sleep)
    with pytest.raises(Ended):
        train_watch.watch(new_labels=1, rounds=kept.folder, out=kept.runs)
    assert given == [(example("p-3", "dizzy"),)] * 2
    assert texts(kept.of[1]) == ["a cough"]
    said = capsys.readouterr().err
    assert (
        said.count("run broken still keeps")
        == said.count("1 of what learning keeps could not be erased")
        == 2
    )
    assert "chest" not in said
    with pytest.raises(typer.Exit) as ended:
        train_watch.watch(new_labels=1, rounds=kept.folder, out=kept.runs, once=True)
    assert (ended.value.exit_code, len(given)) == (1, 3)
