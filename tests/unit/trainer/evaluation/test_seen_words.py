from pathlib import Path

import numpy as np

from tests.unit.trainer.tiny import row
from trainer.evaluation import QUICK, Evidence, JudgedVersion
from trainer.evaluation.seen_words import seen_words, stand_in
from trainer.metrics import Figure, flagged_non_urgent

VERSION = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1"
WRITTEN = (row("Chest pain", source="visits", urgency_level=2), row("sore toe", urgency_level=5))
REAL = tuple(
    row(text, source="ward", urgency_level=level)
    for text, level in (
        ("chest  PAIN", 2),
        ("sore toe", 4),
        ("chest pain today", 1),
        ("a rash", 5),
        ("sneezing", 5),
    )
)


def test_a_text_is_seen_where_a_written_row_is_the_same_whole_text_whatever_case_and_spaces() -> None:
    assert stand_in(REAL, WRITTEN).tolist() == [True, True, False, False, False]


def test_flagged_is_the_share_of_levels_3_to_5_answered_as_1_or_2() -> None:
    matrix = np.zeros((5, 5))
    matrix[0, 0], matrix[2, 1], matrix[3, 3], matrix[4, 4] = 9, 1, 2, 1
    assert flagged_non_urgent(matrix) == 0.25


def test_real_rows_are_parted_and_the_unseen_come_first() -> None:
    version = JudgedVersion(VERSION, workers=1)
    [section] = seen_words(version, Evidence(WRITTEN, (), {"ward": (*REAL, *WRITTEN)}), QUICK)
    lines = section.tables[0].rows
    assert [line[1:4] for line in lines] == [("unseen", 3, 1), ("seen", 2, 1), ("all", 5, 2)]
    assert section.n == 5
    assert all(isinstance(cell, Figure) for line in lines for cell in line[4:])


def test_without_written_training_rows_or_real_visits_the_section_says_so() -> None:
    version = JudgedVersion(VERSION, workers=1)
    for train, tests, why in ((REAL, REAL, "no written row"), (WRITTEN, WRITTEN, "no real visit")):
        [section] = seen_words(version, Evidence(train, (), {"ward": tests}), QUICK)
        assert why in section.method
        assert section.tables == ()
