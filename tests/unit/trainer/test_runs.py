from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trainer.runs import (
    CodeVersion,
    DataUsed,
    EpochRecord,
    Interval,
    NotARun,
    RunFolder,
    RunRecord,
    Score,
    find_runs,
)

STARTED = datetime(2026, 11, 1, 12, tzinfo=UTC)
RECORD = RunRecord(
    name="first",
    status="running",
    started_at=STARTED,
    minutes=1.5,
    training_minutes=1.0,
    code=CodeVersion(version="0.1.0", commit="ab" * 20, changed=False),
    data=DataUsed(name="wards", sha256="cd" * 32, rows={"train": {"ward": 9}}),
    seed=3,
    encoder="packaged",
    method="lora",
    device="cpu",
    processes=1,
    precision="float32",
    parameters=100,
    trainable_parameters=10,
    peak_memory_mb=512.0,
    epochs=(EpochRecord(epoch=1, diagnosis_loss=1.0, urgency_loss=1.2, macro_f1=0.5, qwk=None, minutes=0.5),),
    before=(
        Score(
            test_set="ward",
            task="diagnosis",
            system="float32",
            n=4,
            figures={"macro_f1": Interval(value=0.2, low=0.1, high=0.3)},
        ),
    ),
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "first")
    folder.write(RECORD)
    assert folder.read() == RECORD
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_runs_are_found_oldest_first_whatever_their_names(tmp_path: Path) -> None:
    for name, hours in (("b", 0), ("a", 1), ("c", -1)):
        record = RECORD.model_copy(update={"name": name, "started_at": STARTED + timedelta(hours=hours)})
        RunFolder(tmp_path / name).write(record)
    (tmp_path / "notes").mkdir()
    assert [record.name for _, record in find_runs(tmp_path)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "no run.json"), ("{}", "started_at"), ("not json", "(all)"), ('{"colour": 1}', "colour")],
)
def test_what_is_no_run_is_named_with_the_fields_at_fault(
    tmp_path: Path, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(NotARun) as caught:
        RunFolder(tmp_path).read()
    assert says in str(caught.value)


def test_the_exported_folder_is_a_model_repository_of_the_served_name(tmp_path: Path) -> None:
    assert RunFolder(tmp_path).version_dir.relative_to(tmp_path).parts == ("model_repo", "triage_bert", "1")
