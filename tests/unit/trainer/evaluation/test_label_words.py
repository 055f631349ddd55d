from pathlib import Path

from tests.unit.trainer.tiny import row
from trainer.data.rows import DIAGNOSIS_LABELS
from trainer.evaluation import QUICK, Evidence, JudgedVersion
from trainer.evaluation.label_words import by_patterns, label_words, named
from trainer.metrics import Figure

VERSION = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1"
TRAIN = (row("an itchy rash", diagnosis="normal"), row("always thirsty", diagnosis="diabetes"))
ARTICLES = tuple(
    row(text, source="medquad", diagnosis=label)
    for text, label in (
        ("Signs of this lymphoma are swollen nodes.", "cancer"),
        ("Often there is no sign until a lump is felt.", "cancer"),
        ("An irregular heart beat.", "heart_disease"),
        ("Itching, which is no sign of diabetes.", "normal"),
        ("A runny nose.", "normal"),
        ("Sneezing in spring.", "normal"),
    )
)
EVIDENCE = Evidence(TRAIN, (), {"articles": ARTICLES, "new messages": TRAIN})


def test_a_label_is_answered_by_the_pattern_that_gave_it() -> None:
    answer = by_patterns(ARTICLES)
    assert answer is not None
    assert [DIAGNOSIS_LABELS[index] for index in answer] == [
        "cancer",
        "normal",
        "heart_disease",
        "diabetes",
        "normal",
        "normal",
    ]
    assert by_patterns((*ARTICLES, *TRAIN)) is None


def test_a_row_is_named_by_its_own_label_and_a_normal_one_by_any() -> None:
    assert [named(article) for article in ARTICLES] == [True, False, True, True, False, False]
    of_another = row("Signs of diabetes.", source="medquad", diagnosis="cancer")
    assert not named(of_another)


def test_rows_are_parted_by_what_the_text_names_and_only_where_patterns_gave_the_labels() -> None:
    [section] = label_words(JudgedVersion(VERSION, workers=1), EVIDENCE, QUICK)
    lines = section.tables[0].rows
    assert section.n == 6
    assert [line[:3] for line in lines] == [
        ("articles", "sick, not named", 1),
        ("articles", "sick, named", 2),
        ("articles", "normal, named", 1),
        ("articles", "normal, not named", 2),
    ]
    figures = [line[5:] for line in lines]
    assert [[cell.value for cell in line if isinstance(cell, Figure)] for line in figures] == [
        [0.0, 1.0],
        [1.0, 0.0],
        [0.0, 0.0],
        [1.0, 1.0],
    ]


def test_without_such_a_test_set_the_section_says_so() -> None:
    [section] = label_words(JudgedVersion(VERSION, workers=1), Evidence(TRAIN, (), {"new": TRAIN}), QUICK)
    assert "no test set has labels that came from patterns" in section.method
    assert section.tables == ()
