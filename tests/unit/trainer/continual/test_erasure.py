"""An erased patient leaves what runs keep for replay; everybody else's rows stay and go on being replayed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.domain.feedback import FeedbackExample, Settlement
from trainer.continual import erasure
from trainer.continual.erasure import ERASED, MemoriesUnusable, erase_from_memories
from trainer.continual.labels import row_of
from trainer.continual.memory import Memory
from trainer.continual.start import write_state
from trainer.data.dataset import Dataset, read_dataset
from trainer.data.manifest import Origin
from trainer.data.rows import NO_VITALS, Row
from trainer.runs import RunFolder

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


def refused(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(folder: Path) -> Dataset:
        if folder == run.memory:
            raise PermissionError(13, "Permission denied", str(folder))
        return read_dataset(folder)

    monkeypatch.setattr(erasure, "read_dataset", read)


def not_a_dataset(run: RunFolder, _: pytest.MonkeyPatch) -> None:
    (run.memory / "dataset.json").write_text("{}")


def damaged(run: RunFolder, _: pytest.MonkeyPatch) -> None:
    rows = run.memory / "rows.parquet"
    content = bytearray(rows.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    rows.write_bytes(content)


def without_a_lock(run: RunFolder, _: pytest.MonkeyPatch) -> None:
    (run.continual / ".memory.lock").unlink()
    (run.continual / ".memory.lock").mkdir()


def not_to_be_seen(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists

    def seen(path: Path) -> bool:
        if run.path in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", seen)


@pytest.mark.parametrize("broken_by", [refused, not_a_dataset, damaged, without_a_lock, not_to_be_seen])
def test_a_run_that_cannot_forget_is_named_and_the_others_forget(
    run: Callable[..., RunFolder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken_by: Callable[[RunFolder, pytest.MonkeyPatch], None],
) -> None:
    broken = run("a", row("p-1", "my chest hurts"))
    sound = run("b", row("p-1", "worse"), row("p-2", "a cough"))
    with monkeypatch.context() as patched:
        broken_by(broken, patched)
        with pytest.raises(MemoriesUnusable, match="run a still keeps") as told:
            erase_from_memories(tmp_path, {"p-1"})
    assert (told.value.rows, [fault.run for fault in told.value.faults]) == (1, [broken.path])
    assert "chest" not in str(told.value)
    assert "p-1" not in str(told.value)
    assert texts(sound) == ["a cough"]
