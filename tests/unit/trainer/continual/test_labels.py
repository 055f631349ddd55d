from pathlib import Path

import numpy as np
import pytest

from schemas import Sex, VitalSigns
from streams.domain.feedback import FeedbackExample, Settlement
from streams.text import VITALS_FIELDS
from trainer.continual.labels import read_new
from trainer.data.errors import BadRows, NothingToLearn


def example(number: int, diagnosis: str | None, urgency: int | None = None, patient: str = "") -> str:
    return FeedbackExample(
        source="clinic-a",
        message_id=f"m-{number}",
        patient_id=patient or f"p-{number}",
        text=f"complaint number {number}",
        language="en",
        age_years=40.0,
        sex=Sex.FEMALE,
        pregnant=None,
        vitals=VitalSigns(heart_rate_bpm=88.0),
        settled=Settlement(diagnosis=diagnosis, urgency=urgency, disputed=()),
        clinicians=1,
    ).model_dump_json()


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "feedback.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_examples_become_rows_and_unsettled_ones_are_left_out(tmp_path: Path) -> None:
    path = written(
        tmp_path, example(1, "cancer", 2), example(2, None), example(3, "other", 3), example(4, "other")
    )
    dataset = read_new(path, seed=1)
    assert [(row.diagnosis, row.urgency_level) for row in dataset.rows] == [("cancer", 2), (None, 3)]
    vitals = dict(zip(VITALS_FIELDS, dataset.rows[0].vitals.tolist(), strict=True))
    assert (vitals["age_years"], vitals["sex_female"], vitals["heart_rate_bpm"]) == (40.0, 1.0, 88.0)
    assert np.isnan(vitals["spo2_percent"])
    assert [origin.source for origin in dataset.manifest.origins] == ["clinic-a"]


def test_one_patients_messages_stay_in_one_split(tmp_path: Path) -> None:
    lines = [example(n, "normal", patient=f"p-{n % 4}") for n in range(40)]
    dataset = read_new(written(tmp_path, *lines), seed=1)
    parts = {(row.group, part) for row, part in zip(dataset.rows, dataset.parts, strict=True)}
    assert len(parts) == 4


def test_a_broken_line_is_named_without_its_text(tmp_path: Path) -> None:
    broken = example(2, "cancer").replace('"clinicians":1', '"clinicians":"many"')
    with pytest.raises(BadRows) as raised:
        read_new(written(tmp_path, example(1, "cancer"), broken), seed=1)
    assert "row 2, column clinicians" in str(raised.value)
    assert "complaint" not in str(raised.value)


def test_feedback_without_a_settled_label_teaches_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn, match=r"feedback\.jsonl: no example has a settled label"):
        read_new(written(tmp_path, example(1, None), example(2, "other")), seed=1)
