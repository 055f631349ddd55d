"""Readers of Chinese questions and of conditions, on files written here, whole and broken."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainer.data import ddxplus, importing, ktas, symptom2disease, toyhom
from trainer.data.errors import BadRows, Undecodable, WrongColumns


def written(folder: Path, file: str, content: bytes) -> Path:
    path = folder / file
    path.parent.mkdir()
    path.write_bytes(content)
    return folder


def conditions(folder: Path, *entries: object) -> Path:
    content = {str(number): entry for number, entry in enumerate(entries)}
    return written(folder, ddxplus.FILE, json.dumps(content).encode())


def test_a_chinese_question_is_its_title_and_its_story_and_has_no_label(tmp_path: Path) -> None:
    lines = [
        "department,title,ask,answer",
        "科,头晕怎么办,两天了,多休息",
        "科,胸口疼,我胸口疼三天了,去医院",
        "科,发烧,,多喝水",
    ]
    content = "\n".join(lines)
    rows = toyhom.load(written(tmp_path, toyhom.FILE, content.encode("gb18030")))
    assert [row.text for row in rows] == ["头晕怎么办 两天了", "我胸口疼三天了", "发烧"]
    assert {(row.diagnosis, row.urgency_level, row.language) for row in rows} == {(None, None, "zh")}


def test_a_condition_is_a_prior_that_never_trains(tmp_path: Path) -> None:
    croup = {"cond-name-eng": "Croup", "icd10-id": "j05.0", "severity": 2}
    dataset = importing.import_public("ddxplus", conditions(tmp_path, croup), seed=1)
    (row,) = dataset.rows
    assert (row.text, row.urgency_level, row.diagnosis, row.group) == ("Croup", 2, None, "ddxplus/J05.0")
    assert np.isnan(row.vitals).all()
    assert dataset.parts == ("test",)


def test_conditions_that_do_not_fit_are_named_by_place_and_field(tmp_path: Path) -> None:
    good = {"cond-name-eng": "Croup", "icd10-id": "J05", "severity": 2}
    data = conditions(tmp_path, good, {**good, "severity": 6}, {"severity": 1}, "secret")
    with pytest.raises(BadRows) as caught:
        ddxplus.load(data)
    assert [(cell.row, cell.column) for cell in caught.value.cells] == [
        (2, "severity"),
        (3, "cond-name-eng"),
        (3, "icd10-id"),
        (4, "-"),
    ]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("content", "error"), [(b'{\n"a": ', BadRows), (b"[]", WrongColumns)])
def test_a_file_that_holds_no_conditions_is_refused(
    tmp_path: Path, content: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        ddxplus.load(written(tmp_path, ddxplus.FILE, content))


def test_mixed_encodings_are_named_by_their_line(tmp_path: Path) -> None:
    content = b"index,label,text\n0,Acne,spots\n" + "1,Acne,fièvre\n".encode("latin-1")
    with pytest.raises(Undecodable) as caught:
        symptom2disease.load(written(tmp_path, symptom2disease.FILE, content))
    assert caught.value.line == 3


def test_a_public_file_without_a_column_or_a_cell_is_refused(tmp_path: Path) -> None:
    data = written(tmp_path, symptom2disease.FILE, b"index,story\n0,spots\n")
    with pytest.raises(WrongColumns, match="label, text"):
        symptom2disease.load(data)
    (tmp_path / symptom2disease.FILE).write_bytes(b"index,label,text\n0,Acne\n")
    with pytest.raises(BadRows, match="row 2"):
        symptom2disease.load(data)


def test_a_visit_without_a_known_level_is_named_by_its_row(tmp_path: Path) -> None:
    columns = ("Sex", "Age", "Chief_complain", "Mental", "Pain", "NRS_pain", "SBP", "DBP", "HR", "RR", "BT")
    header = ";".join((*columns, "Saturation", "KTAS_expert"))
    lines = [header, "1;40;cough;1;0;;120;80;70;16;36,6;98;4", "1;40;cough;1;0;;120;80;70;16;36,6;98;"]
    with pytest.raises(BadRows, match="row 3, column KTAS_expert"):
        ktas.load(written(tmp_path, ktas.FILE, "\n".join(lines).encode("latin-1")))
