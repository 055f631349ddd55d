"""The cheap experiments: figures, thresholds, and heads that learn what the rows hold."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.text import VITALS_FIELDS
from tests.unit.trainer.tiny import row
from trainer.ablations import left_out as left_out_module
from trainer.ablations import urgency, vitals
from trainer.ablations.crossval import deals, figures
from trainer.ablations.embedded import Embedded
from trainer.ablations.finetuned import BASELINE, EITHER, METHODS, out_of_fold
from trainer.ablations.heads import UrgencyHead
from trainer.ablations.left_out import Answered, compared, left_out, without_twins
from trainer.ablations.near_copies import NearCopies
from trainer.ablations.policy import chosen_threshold, flagged_by_rules, price
from trainer.ablations.urgency import HeadSetting, Visits
from trainer.ablations.vitals import CODINGS, in_words
from trainer.data.rows import Row, labelled, stack_vitals
from trainer.data.words import words as words_of
from trainer.tuning.config import TrainConfig

ROWS = tuple(row(f"n {n}", urgency_level=1 + n % 5, heart_rate_bpm=200 - 30 * (n % 5)) for n in range(60))
LEVELS = np.array([one.urgency_index for one in ROWS])


def embedded(words: NDArray[np.float64]) -> Embedded:
    return Embedded(ROWS, words.astype(np.float32), stack_vitals(ROWS))


def fake_embedded(rows: Sequence[Row], _cache: Path) -> Embedded:
    """Says which heart rate stands in the words, if any."""
    rates = np.array([200, 170, 140, 110, 80])
    said = np.array([[f"HR {rate}" in one.text for rate in rates] for one in rows], dtype=np.float32)
    return Embedded(tuple(rows), said * 5, stack_vitals(rows))


def visits_of(real: Sequence[Row], written: Sequence[Row]) -> Visits:
    def asked(rows: Sequence[Row]) -> Embedded:
        return Embedded(tuple(rows), np.zeros((len(rows), 5), dtype=np.float32), stack_vitals(rows))

    levels = np.array([one.urgency_index or 0 for one in real])
    copies = NearCopies([*real, *written])
    return Visits(asked(real), levels, np.arange(len(real)), {"visits": asked(written)}, copies)


def said(rows: Sequence[Row]) -> set[str]:
    """What stands in near-copies that differ by case and punctuation."""
    return {" ".join(words_of(one.text)) for one in rows}


def test_a_head_learns_from_vital_signs_and_from_words_and_sees_only_what_it_may() -> None:
    says_level, says_nothing = np.eye(5)[LEVELS], np.zeros((60, 5))
    for words, with_words, with_vitals, learns in (
        (says_nothing, True, True, True),
        (says_level, True, False, True),
        (says_level, False, False, False),
    ):
        head = UrgencyHead(
            embedded(words), np.ones(60), held_by=1e-4, with_words=with_words, with_vitals=with_vitals
        )
        p = head.probabilities(embedded(words))
        assert p.sum(axis=1) == pytest.approx(np.ones(60))
        assert (figures(p, LEVELS).qwk > 0.8) is learns


def test_perfect_answers_have_perfect_figures() -> None:
    found = figures(np.eye(5)[LEVELS], LEVELS)
    assert (found.qwk, found.auroc, found.sensitivity) == (1.0, 1.0, 1.0)


def test_a_complaint_is_never_in_two_folds() -> None:
    clusters = np.arange(60) // 4
    for train, test in deals(LEVELS, clusters, seed=0):
        assert not set(clusters[train]) & set(clusters[test])


def test_each_visit_is_answered_by_what_was_trained_on_other_complaints() -> None:
    real = [row(f"ache{n % 30} fever{n % 30} rash{n % 30}", urgency_level=1 + n % 5) for n in range(60)]
    written = [row(f"written {n}", urgency_level=1 + n % 5) for n in range(90)]
    copies = [row(f"Ache{n} fever{n}, rash{n}!", urgency_level=1) for n in range(30)]
    asked: list[int] = []

    def ask(_config: TrainConfig, rows: Sequence[Row], others: Sequence[Row]) -> NDArray[np.float64]:
        assert not said(rows) & said(others)
        asked.append(len(rows))
        return np.eye(5)[labelled(others, "urgency")[1]]

    levels = np.array([one.urgency_index for one in real])
    answers = out_of_fold(real, levels, [*written, *copies], seed=0, ask=ask, say=lambda _line: None)
    assert list(answers) == [BASELINE, *METHODS, EITHER]
    for name in METHODS:
        assert (answers[name] == np.eye(5)[levels]).all()
    assert answers[EITHER] == pytest.approx((answers[BASELINE] + np.eye(5)[levels]) / 2)
    assert len(asked) == 5 * len(METHODS)
    assert max(asked) > 90 + 60
    without = out_of_fold(real, levels, (), seed=0, ask=ask, say=lambda _line: None)
    assert list(without) == [BASELINE, next(iter(METHODS)), EITHER]


def test_no_head_trains_on_written_near_copies_of_visits_that_it_does_not_train_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted: list[tuple[Row, ...]] = []

    class Head:
        def __init__(self, train: Embedded, _weights: NDArray[np.float64], **_settings: object) -> None:
            fitted.append(train.rows)

        def probabilities(self, rows: Embedded) -> NDArray[np.float64]:
            return np.full((len(rows.rows), 5), 0.2)

    monkeypatch.setattr(urgency, "UrgencyHead", Head)
    real = [
        row(f"ache{n} fever{n} rash{n}", urgency_level=1 + n % 5, source="ktas", group="all")
        for n in range(60)
    ]
    copies = [row(f"Ache{n}; fever{n}, rash{n}", urgency_level=1, group="all") for n in range(60)]
    others = [row(f"written {n}", urgency_level=1 + n % 5, group="all") for n in range(20)]
    visits = visits_of(real, [*copies, *others])

    visits.heads(HeadSetting(written=("visits",), real=True), seed=0)
    assert len(fitted) == 5 * (3 + 1)  # three penalties tried on an inner fold, and the fold's own head
    for rows in fitted:
        of_real, of_written = (
            said([one for one in rows if (one.source == "ktas") is is_real]) for is_real in (True, False)
        )
        assert of_written == of_real | said(others)

    fitted.clear()
    visits.heads(HeadSetting(written=("visits",), real=False), seed=0)
    assert fitted == [tuple(others)]


def test_the_threshold_finds_the_wanted_share_with_the_rules_help() -> None:
    score = np.array([0.9, 0.6, 0.3, 0.1, 0.5, 0.2])
    urgent = np.array([True, True, True, True, False, False])
    rules = np.array([False, False, False, True, False, True])
    assert chosen_threshold(score, np.zeros(6, dtype=bool), urgent, 0.75) == 0.3
    assert chosen_threshold(score, rules, urgent, 0.75) == 0.6
    assert chosen_threshold(score, rules, urgent, 0.25) == float("inf")
    assert price(rules | (score >= 0.6), urgent) == (0.75, 0.5)


@pytest.mark.parametrize(
    ("one", "flagged"),
    [
        (row("sore toe", spo2_percent=98.0), False),
        (row("sore toe", consciousness=0.0), False),
        (row("sore toe", consciousness=1.0), True),
        (row("sore toe", consciousness=4.0), True),
        (row("cardiac arrest"), True),
        (row("vaginal bleeding"), False),
        (row("vaginal bleeding", pregnant=0.0), False),
        (row("vaginal bleeding", pregnant=1.0), True),
        (row("headache", systolic_bp_mmhg=165.0, pregnant=0.0), False),
        (row("headache", systolic_bp_mmhg=165.0, pregnant=1.0), True),
        (row("fever", temperature_c=38.5, age_years=40.0), False),
        (row("fever", temperature_c=38.5, age_years=0.05), True),
        (row("fever", spo2_percent=92.0, respiratory_rate_bpm=25.0, supplemental_oxygen=0.0), False),
        (row("fever", spo2_percent=92.0, respiratory_rate_bpm=25.0, supplemental_oxygen=1.0), True),
    ],
)
def test_rules_flag_by_words_and_by_vital_signs(one: Row, flagged: bool) -> None:
    assert flagged_by_rules([one]).tolist() == [flagged]


def test_a_temperature_is_what_was_measured_and_not_what_float32_makes_of_it() -> None:
    def with_six_points(celsius: float) -> Row:
        return row(
            "sore toe",
            temperature_c=celsius,
            respiratory_rate_bpm=22.0,
            systolic_bp_mmhg=80.0,
            heart_rate_bpm=98.0,
        )

    assert flagged_by_rules([with_six_points(36.0), with_six_points(36.1)]).tolist() == [True, False]


def test_vital_signs_in_words_name_what_is_known() -> None:
    assert in_words(row("sore toe", heart_rate_bpm=88.0, consciousness=2.0)) == (
        "sore toe, HR 88, responds to voice"
    )
    assert in_words(row("sore toe")) == "sore toe"


def test_another_hospitals_coding_hides_what_it_says() -> None:
    pain = VITALS_FIELDS.index("pain_score")
    rows = [replace(ROWS[0]), row("a", pain_score=0.0), row("b", pain_score=4.0)]
    vitals = stack_vitals(rows)
    CODINGS["no pain is left empty"](vitals)
    assert np.isnan(vitals[1, pain])
    assert vitals[2, pain] == 4.0
    CODINGS["nothing measured"](vitals)
    assert np.isnan(vitals[:, VITALS_FIELDS.index("heart_rate_bpm") :]).all()


def test_written_rows_alike_to_a_real_visit_are_left_out() -> None:
    written = [row("Chest pain since noon", group="a"), row("itchy rash on the arm", group="b")]
    apart = without_twins(visits_of([row("chest pain, since noon", source="ktas")], written))
    assert [one.text for one in apart.written["visits"].rows] == ["itchy rash on the arm"]
    assert apart.written["visits"].text.shape == (1, 5)


def test_heads_of_a_left_out_hospital_hang_on_written_rows_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Levels are told by the heart rate; the real visits have them turned round, and are never learned from."""
    monkeypatch.setattr(vitals, "embedded", fake_embedded)
    real = [
        replace(one, text=f"real {n}", urgency_level=6 - one.urgency_level, source="ktas")
        for n, one in enumerate(ROWS)
        if one.urgency_level
    ]
    answered = list(left_out(visits_of(real, ROWS), tmp_path))
    told = {(one.way, one.hidden, one.coding): one.p.argmax(axis=1) for one in answered}
    assert len(answered) == len(told) == 4 * len(CODINGS) + 1
    assert (told["as numbers", False, "as KTAS does"] == LEVELS).mean() > 0.7
    assert (told["in words", False, "as KTAS does"] == LEVELS).mean() > 0.7
    for way in ("as numbers", "in words"):
        assert len(set(told[way, False, "nothing measured"])) == 1
    assert len(set(told["none", False, "as KTAS does"])) == 1


def test_what_is_compared_with_itself_is_no_worse_in_any_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_out_module, "_RESAMPLES", 30)
    asked = visits_of(ROWS, ROWS)
    right = Answered("as numbers", False, "as KTAS does", np.eye(5)[LEVELS])
    wrong = replace(right, p=np.eye(5)[4 - LEVELS])
    for one, other, behind in ((right, right, 0.0), (wrong, right, 2.0), (right, wrong, -2.0)):
        *_, less = compared(asked, one, other)
        assert (less.low, less.value, less.high) == pytest.approx((behind,) * 3, abs=0.3)
    qwk, *_ = compared(asked, replace(right, p=np.eye(5)[np.roll(LEVELS, 7)]), right)
    assert qwk.low < qwk.value < qwk.high
