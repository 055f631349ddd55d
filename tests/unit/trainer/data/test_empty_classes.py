"""A class without rows: said at the import, and no version is trained that could never give that answer."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli.main import app
from tests.unit.trainer.tiny import row
from trainer.data.errors import EmptyClasses
from trainer.data.importing import merge, write_corpus
from trainer.data.labels import check_every_class, empty_classes, told_empty
from trainer.data.rows import DIAGNOSIS_LABELS, Row
from trainer.data.splits import Splits
from trainer.runs import RunFolder
from trainer.train import start_run
from trainer.tuning.config import TrainConfig

ALL = tuple(
    row(f"{name} {level}", diagnosis=name, urgency_level=level)
    for level, name in enumerate(DIAGNOSIS_LABELS, 1)
)


def without(lacking: Callable[[Row], bool]) -> tuple[Row, ...]:
    return tuple(one for one in ALL if not lacking(one))


def test_rows_of_every_class_lack_nothing() -> None:
    check_every_class(Splits(ALL, ALL, ALL))
    assert told_empty(Splits(ALL, ALL, ALL)) == ()
    assert told_empty(Splits(ALL, ALL, ())) == ("test split: no rows: how well it does is not measured.",)


def test_classes_that_nothing_is_learned_of_are_named() -> None:
    train = without(lambda one: one.diagnosis == "cancer" or one.urgency_level == 1)
    with pytest.raises(EmptyClasses, match="normal, cancer, level_1, level_5") as caught:
        check_every_class(Splits(train, ALL, ALL))
    assert caught.value.classes == ("normal", "cancer", "level_1", "level_5")
    assert "triage data merge" in str(caught.value)


def test_a_class_that_is_only_not_held_back_is_said_and_trains() -> None:
    splits = Splits(ALL, ALL, without(lambda one: one.urgency_level == 1))
    check_every_class(splits)
    assert empty_classes(splits) == {"test": ("normal", "level_1")}
    assert "not measured" in told_empty(splits)[0]


def test_a_source_of_one_task_lacks_nothing_of_the_other() -> None:
    levels = tuple(row(f"{level}", diagnosis=None, urgency_level=level) for level in range(1, 6))
    assert empty_classes(Splits(levels, levels, levels)) == {}


def test_no_version_is_trained_without_a_class_and_the_import_said_so(tmp_path: Path) -> None:
    with (tmp_path / "ward.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["text", "diagnosis", "urgency_level"])
        for one in write_corpus("corpus", 150, seed=1).rows:
            if one.diagnosis not in ("cancer", "heart_disease") and one.urgency_level != 1:
                lines.writerow([one.text, one.diagnosis, one.urgency_level])
    options = ("--source", "ward", "--provenance", "us", "--licence", "none", "--out", str(tmp_path / "ward"))
    result = CliRunner().invoke(app, ["data", "import", "csv", str(tmp_path / "ward.csv"), *options])
    assert result.exit_code == 0, result.output
    assert "train split: no row of heart_disease, cancer, level_1" in " ".join(result.output.split())
    config = TrainConfig(data=str(tmp_path / "ward"), name="first")
    with pytest.raises(EmptyClasses):
        start_run(config, tmp_path / "runs")
    assert not RunFolder(tmp_path / "runs" / "first").path.exists()


def test_a_merge_with_data_that_has_them_is_enough() -> None:
    merged = merge([write_corpus("corpus", 240, seed=1), write_corpus("visits", 60, seed=1)], seed=1)
    check_every_class(merged.splits)


def test_one_text_with_unlike_labels_is_named_by_its_rows_at_the_import(tmp_path: Path) -> None:
    lines = ["text,diagnosis,heart_rate_bpm", "Tight chest,heart_disease,80", "tight  chest,normal,80"]
    lines += ["tight chest,cancer,120", "thirst,diabetes,80", "thirst,,80"]
    (tmp_path / "ward.csv").write_text("\n".join(lines), encoding="utf-8")
    options = ("--source", "ward", "--provenance", "us", "--licence", "none", "--out", str(tmp_path / "ward"))
    result = CliRunner().invoke(app, ["data", "import", "csv", str(tmp_path / "ward.csv"), *options])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "rows 2, 3: one text and the same measurements, but unlike labels 1 such groups, all kept" in said
