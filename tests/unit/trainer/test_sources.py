"""Each source's reader, on records written here in the source's format."""

from pathlib import Path

import numpy as np
import pytest

from streams.text import VITALS_FIELDS
from trainer.corpus import CorpusMessage
from trainer.data import corpus, ktas, medquad, symptom2disease

VISIT = {
    "Sex": "1",
    "Age": "71",
    "Chief_complain": " sore elbow, Lt. ",
    "Mental": "1",
    "Pain": "1",
    "NRS_pain": "3",
    "SBP": "160",
    "DBP": "100",
    "HR": "84",
    "RR": "18",
    "BT": "36,6",
    "Saturation": "97",
    "KTAS_RN": "2",
    "KTAS_expert": "4",
    "Diagnosis in ED": "must not be read",
}


def field(name: str, **changed: str) -> float:
    return float(ktas.parse({**VISIT, **changed}).vitals[VITALS_FIELDS.index(name)])


def test_a_visit_becomes_text_vitals_and_the_experts_level() -> None:
    row = ktas.parse(VISIT)
    assert (row.text, row.urgency_level, row.diagnosis) == ("sore elbow, Lt.", 4, None)
    assert field("temperature_c") == pytest.approx(36.6)
    assert field("sex_female") == 1.0
    assert field("sex_female", Sex="2") == 0.0
    assert np.isnan(field("pregnant"))


@pytest.mark.parametrize("mark", ["", "??", "#BOÞ!", "36,6,1", "-"])
def test_a_mark_of_absence_is_unknown(mark: str) -> None:
    assert np.isnan(field("heart_rate_bpm", HR=mark))


def test_no_pain_is_zero_in_an_alert_patient_and_unknown_in_one_who_cannot_answer() -> None:
    assert field("pain_score", Pain="0", NRS_pain="#BOÞ!") == 0.0
    assert np.isnan(field("pain_score", Pain="0", NRS_pain="#BOÞ!", Mental="4"))
    assert np.isnan(field("pain_score", Pain="1", NRS_pain="#BOÞ!"))


@pytest.mark.parametrize(("code", "step"), [("1", 0.0), ("2", 2.0), ("3", 3.0), ("4", 4.0)])
def test_mental_state_is_a_step_of_acvpu(code: str, step: float) -> None:
    assert field("consciousness", Mental=code) == step


@pytest.mark.parametrize("other", ["pain, abdominal", "Abd. pain", "abdomen pain Rt."])
def test_spellings_of_a_complaint_are_one_group(other: str) -> None:
    assert ktas.complaint_group("abd pain") == ktas.complaint_group(other)


def test_a_visits_file_is_read_as_latin_1(tmp_path: Path) -> None:
    folder = tmp_path / "ktas"
    folder.mkdir()
    visit = {**VISIT, "NRS_pain": "#BOÞ!", "Pain": "0"}
    content = ";".join(visit) + "\n" + ";".join(visit.values()) + "\n"
    (folder / "data.csv").write_bytes(content.encode("latin-1"))
    assert [row.text for row in ktas.load(tmp_path)] == ["sore elbow, Lt."]


def test_two_conditions_are_labels_and_the_others_normal(tmp_path: Path) -> None:
    folder = tmp_path / "symptom2disease"
    folder.mkdir()
    (folder / "Symptom2Disease.csv").write_text(
        'index,label,text\n0,Acne,"spots, many"\n1,Hypertension,pressure\n2,diabetes,thirst\n'
    )
    rows = symptom2disease.load(tmp_path)
    assert [row.diagnosis for row in rows] == ["normal", "hypertension", "diabetes"]
    assert all(row.urgency_level is None and np.isnan(row.vitals).all() for row in rows)


@pytest.mark.parametrize(
    ("focus", "label"),
    [
        ("Breast Cancer", "cancer"),
        ("High Blood Pressure", "hypertension"),
        ("Pulmonary hypertension", "normal"),
        ("Diabetes insipidus", "normal"),
        ("Type 2 diabetes", "diabetes"),
        ("Atrial Fibrillation", "heart_disease"),
        ("Asthma", "normal"),
    ],
)
def test_a_topic_has_the_label_that_it_names(focus: str, label: str) -> None:
    assert medquad.topic_label(focus) == label


def test_a_written_message_keeps_its_labels_and_absent_fields() -> None:
    message = CorpusMessage(
        text="my chest hurts",
        diagnosis="heart_disease",
        urgency_level=2,
        condition="angina",
        voice="patient",
        language="en",
        age_years=None,
        sex="female",
        pregnant=None,
        vitals={"heart_rate_bpm": 99.0, "consciousness": "voice", "supplemental_oxygen": True},
        family="chest",
    )
    row = corpus.to_row(message)
    known = {
        name: value for name, value in zip(VITALS_FIELDS, row.vitals, strict=True) if not np.isnan(value)
    }
    assert known == {"sex_female": 1, "heart_rate_bpm": 99, "supplemental_oxygen": 1, "consciousness": 2}
    assert (row.diagnosis_index, row.urgency_index, row.group) == (3, 1, "corpus/chest")
