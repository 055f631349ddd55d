"""The decision: urgency only goes up, labels may be held back, and doubt goes to a human."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import (
    Consciousness,
    DecidedBy,
    Lane,
    QualityFlag,
    RedFlag,
    ReviewReason,
    RuleFired,
    VitalSigns,
)
from streams.domain.acuity import AcuityPolicy
from streams.domain.decide import Decision, decide
from streams.domain.reading import ModelReading, read_windows
from tests.unit.streams.factories import admitted, answer, bundle, profile, window

POLICY = AcuityPolicy()
SURE = (0.9, 0.025, 0.025, 0.025, 0.025)


def _reading(
    urgency: tuple[float, ...], diagnosis: tuple[float, ...] = SURE, distance: float = 0.0
) -> ModelReading:
    reply = answer(5, diagnosis=diagnosis, urgency=urgency, distance=distance)
    return read_windows(profile(), bundle().domain, [window(5)], [reply])


def _flag(level: int) -> RedFlag:
    return RedFlag(rule_id="test_rule", level_floor=level, guideline="test", start=0, end=4)


def _decide(reading: ModelReading | None, **message: Any) -> Decision:
    return decide(admitted(**message), reading, profile(), POLICY)


def test_a_sure_model_decides_alone() -> None:
    decision = _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05)))
    assert (decision.urgency.level, decision.urgency.decided_by) == (4, DecidedBy.MODEL)
    assert decision.diagnosis.label == "normal"
    assert not decision.urgency.provisional
    assert decision.review_reasons == ()


def test_the_most_urgent_plausible_level_is_published_provisionally() -> None:
    decision = _decide(_reading((0.05, 0.22, 0.2, 0.5, 0.03)))
    assert decision.urgency.level == 2
    assert decision.urgency.provisional
    assert ReviewReason.LOW_CONFIDENCE in decision.review_reasons


def test_a_red_flag_raises_the_level_and_says_so() -> None:
    decision = _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05)), red_flags=(_flag(2),), lane=Lane.EXPRESS)
    assert (decision.urgency.level, decision.urgency.decided_by) == (2, DecidedBy.RULE)
    assert decision.urgency.target_minutes == 15
    assert ReviewReason.MODEL_RULE_DISAGREEMENT in decision.review_reasons


def test_a_rule_never_lowers_what_the_model_says() -> None:
    decision = _decide(_reading((0.9, 0.04, 0.03, 0.02, 0.01)), red_flags=(_flag(3),))
    assert (decision.urgency.level, decision.urgency.decided_by) == (1, DecidedBy.MODEL)


def test_an_unresponsive_patient_is_level_one() -> None:
    vitals = VitalSigns(consciousness=Consciousness.UNRESPONSIVE)
    assert _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05)), vitals=vitals).urgency.level == 1


def test_a_rule_of_the_vital_signs_as_sent_raises_the_level_provisionally_and_asks_a_human() -> None:
    rule = RuleFired(rule_id="vital_signs_zero", level_floor=2, guideline="test")
    flags = (QualityFlag.VITAL_OUT_OF_RANGE,)
    decision = _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05)), rules_as_sent=(rule,), quality_flags=flags)
    assert (decision.urgency.level, decision.urgency.provisional) == (2, True)
    assert decision.urgency.rules == (rule,)
    assert ReviewReason.QUALITY_FLAG in decision.review_reasons


def test_an_improbable_label_is_withheld_but_its_probabilities_are_not() -> None:
    decision = _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05), diagnosis=(0.3, 0.2, 0.2, 0.2, 0.1)))
    assert decision.diagnosis.label is None
    assert decision.diagnosis.abstained
    assert decision.diagnosis.probabilities["normal"] == pytest.approx(0.3, abs=1e-6)
    assert ReviewReason.LOW_CONFIDENCE in decision.review_reasons


def test_an_unfamiliar_text_withholds_the_label_and_keeps_the_urgency() -> None:
    decision = _decide(_reading((0.01, 0.9, 0.03, 0.03, 0.03), distance=11.0))
    assert decision.diagnosis.label is None
    assert (decision.urgency.level, decision.urgency.provisional) == (2, True)
    assert ReviewReason.OUT_OF_DOMAIN in decision.review_reasons


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"language": "zh"}, ReviewReason.UNSUPPORTED_LANGUAGE),
        ({"quality_flags": (QualityFlag.NO_WORDS,)}, ReviewReason.QUALITY_FLAG),
    ],
)
def test_a_text_that_the_model_cannot_read_gets_a_human_soon(
    change: dict[str, Any], reason: ReviewReason
) -> None:
    decision = _decide(None, **change)
    assert (decision.urgency.level, decision.urgency.provisional) == (POLICY.unassessable_level, True)
    assert decision.urgency.probabilities is None
    assert decision.diagnosis.label is None
    assert reason in decision.review_reasons


def test_a_red_flag_counts_in_a_text_that_the_model_cannot_read() -> None:
    assert _decide(None, language="zh", red_flags=(_flag(1),)).urgency.level == 1


@pytest.mark.parametrize("change", [{"age_years": 9.0}, {"pregnant": True}])
def test_children_and_pregnancy_are_reviewed(change: dict[str, Any]) -> None:
    decision = _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05)), **change)
    assert ReviewReason.POLICY in decision.review_reasons
    assert decision.urgency.provisional


def test_a_future_timestamp_alone_asks_nobody() -> None:
    flags = (QualityFlag.FUTURE_TIMESTAMP,)
    assert _decide(_reading((0.01, 0.01, 0.03, 0.9, 0.05)), quality_flags=flags).review_reasons == ()


_levels = st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5).map(
    lambda ps: tuple(p / sum(ps) for p in ps)
)


@given(urgency=_levels, floors=st.lists(st.integers(1, 5), max_size=3))
def test_no_rule_and_no_doubt_ever_lowers_urgency(urgency: tuple[float, ...], floors: list[int]) -> None:
    reading = _reading(urgency)
    plain = _decide(reading).urgency.level
    with_rules = _decide(reading, red_flags=tuple(_flag(level) for level in floors)).urgency.level
    assert plain <= reading.urgency_level
    assert with_rules == min([plain, *floors])
