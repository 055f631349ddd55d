"""Messages whose class their features tell, and labellers one of whom flips labels."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas import FeedbackVerdict
from streams.domain.feedback import FeedbackCase, FeedbackExample, Place, Word
from tests.unit.trainer.tiny import row
from trainer.data.errors import BadRows, WrongColumns
from trainer.data.rows import DIAGNOSIS_LABELS, Row
from trainer.gate import Limits, Status
from trainer.gate.labeller_trial import FLIPPER, Round, deal_labels, measured
from trainer.gate.labellers import find_labellers, labellers_check
from trainer.gate.opinions import Opinion, of_csv, of_feedback

LIMITS = Limits()


@pytest.fixture(scope="module")
def messages() -> tuple[list[Row], NDArray[np.float64]]:
    rng = np.random.default_rng(3)
    rows = [
        row(f"message {n}", diagnosis=DIAGNOSIS_LABELS[n % 5], urgency_level=1 + (n // 5) % 5)
        for n in range(900)
    ]
    of_label, of_level = rng.normal(size=(2, 5, 12)) * 1.2
    features = np.stack([of_label[n % 5] + of_level[(n // 5) % 5] + rng.normal(size=12) for n in range(900)])
    return rows, features


@pytest.mark.parametrize(("rate", "least", "most"), [(0.0, 0.0, 0.0), (0.2, 0.8, 1.0), (0.4, 1.0, 1.0)])
def test_who_flips_a_fifth_of_the_labels_is_named_and_the_honest_are_not(
    messages: tuple[list[Row], NDArray[np.float64]], rate: float, least: float, most: float
) -> None:
    named, honest, _ = measured(*messages, Round(), rate, repeats=5)
    assert least <= named <= most
    assert honest <= 0.05


def test_the_round_is_blocked_by_pseudonym(messages: tuple[list[Row], NDArray[np.float64]]) -> None:
    rows, features = messages
    places, opinions = deal_labels(rows, Round(), 0.4, np.random.default_rng(8))
    check = labellers_check(find_labellers(opinions, features[places], LIMITS))
    assert check.status is Status.FAILED
    assert check.cases == (FLIPPER,)
    assert FLIPPER in check.told


def test_one_labeller_alone_is_compared_with_nobody(messages: tuple[list[Row], NDArray[np.float64]]) -> None:
    rows, features = messages
    opinions = [Opinion(one.text, "only-one", one) for one in rows[:100]]
    assert find_labellers(opinions, features[:100], LIMITS) == []


def test_a_hard_ward_alone_is_no_fault(messages: tuple[list[Row], NDArray[np.float64]]) -> None:
    rows, features = messages
    rng = np.random.default_rng(4)
    blurred = features.copy()
    blurred[:150] = features[rng.permutation(900)[:150]] * 0.2 + blurred[:150] * 0.3
    names = ["hard-ward", *(f"other-{n}" for n in range(4))]
    opinions = [Opinion(one.text, names[min(4, n // 150)], one) for n, one in enumerate(rows)]
    assert [one.labeller for one in find_labellers(opinions, blurred, LIMITS) if one.named] == []


def test_the_latest_words_of_all_clinicians_are_read_from_the_buffer() -> None:
    words = {
        "c-1": Word(place=Place(0, 1, 1), verdict=FeedbackVerdict.OVERRIDDEN, diagnosis="cancer", urgency=2),
        "c-2": Word(place=Place(0, 2, 2), verdict=FeedbackVerdict.ACCEPTED, diagnosis="other", urgency=3),
    }
    case = FeedbackCase(words=words)
    example = FeedbackExample(
        source="clinic",
        message_id="m-1",
        patient_id="p",
        text="a lump",
        language="en",
        age_years=50.0,
        sex=None,
        pregnant=None,
        vitals=None,
        settled=case.settle(),
        clinicians=2,
    )
    opinions = of_feedback([(case.model_dump_json(), example.model_dump_json())])
    said = {opinion.labeller: (opinion.row.diagnosis, opinion.row.urgency_level) for opinion in opinions}
    assert said == {"c-1": ("cancer", 2), "c-2": (None, 3)}
    assert {opinion.message for opinion in opinions} == {"clinic/m-1"}


def test_a_file_says_who_labelled(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "text,diagnosis,labelled_by,group\na lump,cancer,ann,1\nthirst,diabetes,bob,2\na lump,normal,bob,1\n"
    )
    opinions = of_csv(path)
    assert [(o.labeller, o.row.diagnosis) for o in opinions] == [
        ("ann", "cancer"),
        ("bob", "diabetes"),
        ("bob", "normal"),
    ]
    assert opinions[0].message == opinions[2].message != opinions[1].message


def test_a_file_that_does_not_say_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("text,diagnosis\na lump,cancer\nthirst,diabetes\n")
    with pytest.raises(WrongColumns, match="labelled_by"):
        of_csv(path)
    path.write_text("text,diagnosis,labelled_by\na lump,cancer,ann\nthirst,diabetes,\n")
    with pytest.raises(BadRows, match="row 3, column labelled_by: empty"):
        of_csv(path)
