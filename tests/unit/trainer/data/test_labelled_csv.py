"""A hospital's file: every kind of fault is named by its row, and nothing is guessed."""

import math
from pathlib import Path

import pytest

from streams.text import VITALS_FIELDS
from trainer.data import labelled_csv
from trainer.data.errors import BadRows, NothingToLearn, Undecodable, WrongColumns
from trainer.data.labelled_csv import Reading

GOOD = "chest tight on the stairs,heart_disease,2,98"
OTHER = "thirsty all day,diabetes,4,"
HEADER = "text,diagnosis,urgency_level,heart_rate_bpm"


def written(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "data.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def faults(path: Path, **reading: object) -> list[tuple[int, str]]:
    with pytest.raises(BadRows) as caught:
        labelled_csv.load(path, Reading("here", **reading))  # type: ignore[arg-type]
    return [(cell.row, cell.column) for cell in caught.value.cells]


def test_cells_become_rows_and_empty_ones_stay_unknown(tmp_path: Path) -> None:
    first, second = labelled_csv.load(written(tmp_path, HEADER, GOOD, OTHER), Reading("here"))
    heart_rate = VITALS_FIELDS.index("heart_rate_bpm")
    assert (first.text, first.diagnosis, first.urgency_level) == (
        "chest tight on the stairs",
        "heart_disease",
        2,
    )
    assert first.vitals[heart_rate] == 98
    assert math.isnan(second.vitals[heart_rate])
    assert first.group != second.group


def test_names_of_columns_and_labels_can_be_the_hospitals_own(tmp_path: Path) -> None:
    path = written(tmp_path, "complaint;dx", "tight chest;CHD", "thirst;DM")
    reading = Reading(
        "here",
        delimiter=";",
        columns={"text": "complaint", "diagnosis": "dx"},
        labels={"CHD": "heart_disease", "DM": "diabetes"},
    )
    assert [row.diagnosis for row in labelled_csv.load(path, reading)] == ["heart_disease", "diabetes"]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("itchy,psoriasis,3,80", "diagnosis"),
        ("itchy,normal,6,80", "urgency_level"),
        ("itchy,normal,2.5,80", "urgency_level"),
        ("itchy,normal,3,nan", "heart_rate_bpm"),
        ("itchy,normal,3,inf", "heart_rate_bpm"),
        ("itchy,normal,3,fast", "heart_rate_bpm"),
        ("itchy,normal,3,999", "heart_rate_bpm"),
        (",normal,3,80", "text"),
        ("x" * 10_001 + ",normal,3,80", "text"),
        ("itchy,normal,3", "-"),
        ('"itchy,normal,3,80', "-"),
    ],
)
def test_a_bad_cell_is_named_by_its_row_and_column(tmp_path: Path, line: str, column: str) -> None:
    assert faults(written(tmp_path, HEADER, GOOD, OTHER, line)) == [(4, column)]


def test_no_error_quotes_a_text_or_a_value(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, GOOD, "secret story,secret label,secret level,secret rate")
    with pytest.raises(BadRows) as caught:
        labelled_csv.load(path, Reading("here"))
    assert len(caught.value.cells) == 3
    assert "secret" not in str(caught.value)


def test_an_id_that_comes_twice_is_named_with_the_row_it_came_first_in(tmp_path: Path) -> None:
    path = written(tmp_path, "id," + HEADER, "a," + GOOD, "b," + OTHER, "a," + OTHER)
    with pytest.raises(BadRows, match=r"row 4, column id: the same as in row 2"):
        labelled_csv.load(path, Reading("here"))


def test_impossible_vital_signs_count_as_unmeasured_only_when_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, GOOD, "itchy,normal,3,999")
    rows = labelled_csv.load(path, Reading("here", blank_impossible=True))
    assert math.isnan(rows[1].vitals[VITALS_FIELDS.index("heart_rate_bpm")])


@pytest.mark.parametrize(
    "header", ["story,diagnosis", "text,heart_rate_bpm", "text,diagnosis,diagnosis"], ids=str
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(WrongColumns):
        labelled_csv.load(written(tmp_path, header, "a,b,c"), Reading("here"))


def test_a_column_named_by_the_caller_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(WrongColumns, match="complaint"):
        labelled_csv.load(written(tmp_path, HEADER, GOOD), Reading("here", columns={"text": "complaint"}))


def test_a_label_that_is_named_and_never_comes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, GOOD, OTHER)
    with pytest.raises(NothingToLearn, match="cancer"):
        labelled_csv.load(path, Reading("here", labels={"CA": "cancer"}))


def test_a_language_is_a_tag_or_unknown(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + ",language", GOOD + ",zh-CN", OTHER + ",")
    assert [row.language for row in labelled_csv.load(path, Reading("here"))] == ["zh-CN", None]
    assert faults(written(tmp_path, HEADER + ",language", GOOD + ",en", OTHER + ",English!")) == [
        (3, "language")
    ]


def test_a_line_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(
        f"{HEADER}\n{GOOD}\n".encode() + "fièvre,normal,3,80\n".encode("latin-1") + f"{OTHER}\n".encode()
    )
    with pytest.raises(Undecodable) as caught:
        labelled_csv.load(path, Reading("here"))
    assert caught.value.line == 3
    assert len(labelled_csv.load(path, Reading("here", encoding="latin-1"))) == 3


def test_all_lines_in_another_encoding_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    bad = "fièvre,normal,3,80\n".encode("latin-1")
    path.write_bytes(f"{HEADER}\n".encode() + bad + f"{GOOD}\n".encode() + bad * 30)
    with pytest.raises(Undecodable, match=r"lines 2, 4, 5, .*, 22 and 11 more are not utf-8") as caught:
        labelled_csv.load(path, Reading("here"))
    assert caught.value.lines == (2, *range(4, 34))


def test_a_wrong_header_is_answered_with_the_columns_found_and_the_option(tmp_path: Path) -> None:
    message = "I have had a pain in my chest since the morning and it does not go"
    with pytest.raises(WrongColumns) as caught:
        labelled_csv.load(written(tmp_path, f"story,dx,{message}", "a,b,c"), Reading("here"))
    assert "the file has story, dx, (66 characters): name yours with --column text=YOURS" in str(caught.value)
    assert "chest" not in str(caught.value)
    with pytest.raises(WrongColumns, match=r"the file has text, dx: .*--column urgency_level=YOURS"):
        labelled_csv.load(written(tmp_path, "text,dx", "a,b"), Reading("here"))


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (HEADER,),
        (HEADER, GOOD, GOOD),
        (HEADER, "itchy,,,80", "dizzy,,,90"),
    ],
    ids=["empty file", "0 rows", "one class", "no labels"],
)
def test_data_that_nothing_can_be_learned_from_is_refused(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(NothingToLearn):
        labelled_csv.load(written(tmp_path, *lines), Reading("here"))
