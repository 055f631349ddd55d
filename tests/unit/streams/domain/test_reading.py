"""Windows of one message are combined so that nothing urgent is averaged away."""

import pytest

from streams.domain.reading import read_windows
from tests.unit.streams.factories import answer, bundle, profile, window

CALM = (0.01, 0.01, 0.03, 0.05, 0.9)
URGENT = (0.1, 0.8, 0.05, 0.03, 0.02)


def test_the_most_urgent_window_sets_the_urgency() -> None:
    answers = [
        answer(5, diagnosis=(0.9, 0.02, 0.02, 0.03, 0.03), urgency=CALM),
        answer(4, diagnosis=(0.1, 0.02, 0.02, 0.83, 0.03), urgency=URGENT),
    ]
    reading = read_windows(profile(), bundle().domain, [window(5), window(4)], answers)
    assert reading.urgency_level == 2
    assert reading.urgency_probabilities == pytest.approx(URGENT, abs=1e-5)
    assert sum(reading.diagnosis_probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_attributions_name_spans_of_the_text_largest_first() -> None:
    reading = read_windows(profile(), bundle().domain, [window(6)], [answer(6, diagnosis=CALM, urgency=CALM)])
    assert [(c.start, c.end, c.contribution) for c in reading.diagnosis_attribution] == [
        (6, 7, 4.0),
        (4, 5, 3.0),
        (2, 3, 2.0),
        (0, 1, 1.0),
    ]


def test_vital_signs_that_added_nothing_are_left_out() -> None:
    reading = read_windows(profile(), bundle().domain, [window(4)], [answer(4, diagnosis=CALM, urgency=CALM)])
    assert [(c.field, c.contribution) for c in reading.vitals_attribution] == [("age_years", 1.0)]
