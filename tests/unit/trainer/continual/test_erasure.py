"""An erased patient leaves what runs keep for replay; everybody else's rows stay and go on being replayed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ops.cli.forgetting import forget
from streams.domain.feedback import FeedbackExample, Settlement
from trainer.continual.erasure import ERASED, erase_from_memories
from trainer.continual.labels import row_of
from trainer.continual.memory import Memory
from trainer.continual.start import write_state
from trainer.data.dataset import read_dataset
from trainer.data.errors import DatasetChanged
from trainer.data.manifest import Origin
from trainer.data.rows import NO_VITALS, Row
from trainer.runs import RunFolder
from trainer.watch.rounds import Rounds

ORIGINS = (Origin(source="clinic-a", description="", provenance="", licence=""),)
IMPORTED = Row("book", "a text of a book", "p-1", NO_VITALS, "normal")


def example(patient_id: str, text: str) -> FeedbackExample:
    return FeedbackExample(
        source="clinic-a",
        message_id=text,
        patient_id=patient_id,
        text=text,
        language="en",
        age_years=None,
        sex=None,
        pregnant=None,
        vitals=None,
        settled=Settlement(diagnosis="normal", urgency=None, disputed=()),
        clinicians=1,
    )


def row(patient_id: str, text: str) -> Row:
    return row_of(example(patient_id, text))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., RunFolder]:
    """A run with these rows in its memory."""

    def write(name: str, *rows: Row) -> RunFolder:
        folder = RunFolder(tmp_path / name)
        folder.path.mkdir()
        write_state(folder, None, None, Memory(rows, seen=500), ORIGINS)
        return folder

    return write


def texts(folder: RunFolder) -> list[str]:
    return [one.text for one in read_dataset(folder.memory).rows]


def test_a_patients_rows_leave_every_run_and_a_tombstone_says_that_there_were_some(
    run: Callable[..., RunFolder], tmp_path: Path
) -> None:
    both = run("both", row("p-1", "my chest hurts"), row("p-2", "a cough"), row("p-1", "it is worse"))
    others = run("others", row("p-2", "a cough"), row("p-11", "tired"))
    before = read_dataset(both.memory).manifest.content_sha256
    assert erase_from_memories(tmp_path, {"p-1", "p-9"}) == 2
    assert (texts(both), texts(others)) == (["a cough"], ["a cough", "tired"])
    told = json.loads((both.continual / ERASED).read_text())
    assert (told["examples"], told["sha256_before"]) == (2, before)
    assert not (others.continual / ERASED).exists()
    assert not any(b"p-1" in path.read_bytes() for path in both.path.rglob("*") if path.is_file())
    assert erase_from_memories(tmp_path, {"p-1"}) == 0


def test_a_memory_of_nobody_else_goes(run: Callable[..., RunFolder], tmp_path: Path) -> None:
    alone = run("alone", row("p-1", "my chest hurts"))
    assert erase_from_memories(tmp_path, {"p-1"}) == 1
    assert {path.name for path in alone.continual.iterdir()} == {"state.json", ERASED, ".memory.lock"}


def test_a_row_that_was_imported_names_no_patient_and_stays(
    run: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = run("imported", IMPORTED, row("p-1", "my chest hurts"))
    assert erase_from_memories(tmp_path, {"p-1"}) == 1
    assert texts(folder) == [IMPORTED.text]


@pytest.mark.parametrize("dies_at", [1, 2])
def test_an_erasure_that_died_at_a_rename_is_ended_by_the_next(
    run: Callable[..., RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    folder = run("both", row("p-1", "my chest hurts"), row("p-2", "a cough"))
    renames, rename = 0, Path.rename

    def dying(path: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if renames == dies_at:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", dying)
        with pytest.raises(KeyboardInterrupt):
            erase_from_memories(tmp_path, {"p-1"})
    assert erase_from_memories(tmp_path, {"p-1"}) == 1
    assert texts(folder) == ["a cough"]
    assert not list(folder.continual.glob(".memory.[!l]*"))


def test_a_memory_that_cannot_be_read_is_named_and_the_others_forget(
    run: Callable[..., RunFolder], tmp_path: Path
) -> None:
    broken, sound = (
        run("a", row("p-1", "my chest hurts")),
        run("b", row("p-1", "worse"), row("p-2", "a cough")),
    )
    (broken.memory / "dataset.json").write_text("{}")
    with pytest.raises(DatasetChanged, match="a/continual/memory"):
        erase_from_memories(tmp_path, {"p-1"})
    assert texts(sound) == ["a cough"]


def test_the_command_reaches_rounds_and_runs(run: Callable[..., RunFolder], tmp_path: Path) -> None:
    folder = run("both", row("p-1", "my chest hurts"), row("p-2", "a cough"))
    rounds = Rounds(tmp_path / "rounds")
    rounds.begin([example("p-1", "my chest hurts")], "count")
    assert forget({"p-1"}, tmp_path / "rounds", tmp_path, console=Console()) == (1, 1)
    assert (texts(folder), rounds.latest()) == (["a cough"], [])
