"""The condition tables: breadth, and vital signs and cues that agree with the level."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from trainer.corpus import CONDITIONS
from trainer.corpus.chinese import CHINESE_VOICES, speaks_chinese, tell_in_chinese
from trainer.corpus.generate import VOICE_SHARES, write
from trainer.corpus.model import DIAGNOSES, VitalValue
from trainer.corpus.story import draw_story
from trainer.corpus.vitals import profiles

_LEFTOVER = re.compile(r"[{}\[\]@~^#|]|//|  ")
_NEWS2_FROM_YEARS = 16


def _band(value: float, bounds: tuple[tuple[float, int], ...]) -> int:
    return next(score for upper, score in bounds if value <= upper)


def _news2(vitals: dict[str, VitalValue]) -> tuple[int, bool]:
    """Total and whether one parameter scores 3 (Royal College of Physicians, 2017, SpO2 scale 1)."""
    top = float("inf")
    scores = [
        _band(float(vitals["respiratory_rate_bpm"]), ((8, 3), (11, 1), (20, 0), (24, 2), (top, 3))),
        _band(float(vitals["spo2_percent"]), ((91, 3), (93, 2), (95, 1), (top, 0))),
        _band(float(vitals["systolic_bp_mmhg"]), ((90, 3), (100, 2), (110, 1), (219, 0), (top, 3))),
        _band(float(vitals["heart_rate_bpm"]), ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (top, 3))),
        _band(float(vitals["temperature_c"]), ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (top, 2))),
        0 if vitals["consciousness"] == "alert" else 3,
    ]
    return sum(scores) + 2 * bool(vitals["supplemental_oxygen"]), 3 in scores


def test_the_registry_is_broad() -> None:
    found = Counter(condition.diagnosis for condition in CONDITIONS.values())
    assert found["normal"] >= 250
    assert sum(found.values()) - found["normal"] >= 60
    assert set(found) == set(DIAGNOSES)


def test_every_level_of_urgency_exists_for_every_diagnosis() -> None:
    levels = {(c.diagnosis, level) for c in CONDITIONS.values() for level in c.acuities}
    assert levels == {(diagnosis, level) for diagnosis in DIAGNOSES for level in range(1, 6)}


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_every_condition_tells_clean_stories_at_every_level_in_every_voice(name: str) -> None:
    condition = CONDITIONS[name]
    rng = Random(name)
    for acuity in condition.acuities.values():
        for voice in VOICE_SHARES:
            text, family = write(draw_story(condition, acuity, rng), voice, "en", rng)
            assert text
            assert family
            assert not _LEFTOVER.search(text), text


def test_chinese_stories_are_clean() -> None:
    rng = Random(1)
    speaking = [condition for condition in CONDITIONS.values() if speaks_chinese(condition)]
    assert len(speaking) >= 45
    for condition in speaking:
        for acuity in condition.acuities.values():
            for voice in CHINESE_VOICES:
                text = tell_in_chinese(
                    draw_story(condition, acuity, rng), condition.lead.chinese[0], voice, rng
                )
                assert not _LEFTOVER.search(text), text


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_vital_signs_of_adults_never_contradict_a_lower_urgency(name: str) -> None:
    condition = CONDITIONS[name]
    rng = Random(name)
    for level, acuity in condition.acuities.items():
        if level <= 2 or condition.pregnant:
            continue
        for _ in range(25):
            story = draw_story(condition, acuity, rng)
            if story.person.age_years < _NEWS2_FROM_YEARS:
                continue
            total, extreme = _news2(story.vitals)
            assert story.vitals["consciousness"] == "alert"
            assert total < 7
            assert level == 3 or (total < 5 and not extreme)


def test_resuscitation_stories_have_cues_and_mostly_deranged_vital_signs() -> None:
    rng = Random(2)
    deranged = []
    for condition in CONDITIONS.values():
        if 1 in condition.acuities:
            assert condition.acuities[1].cues, condition.name
            vitals = draw_story(condition, condition.acuities[1], rng).vitals
            deranged.append("heart_rate_bpm" not in vitals or sum(_news2(vitals)) >= 7)
    assert sum(deranged) / len(deranged) > 0.9


def test_urgent_levels_name_the_cue_that_justifies_them() -> None:
    uncued = [
        f"{condition.name}:{level}"
        for condition in CONDITIONS.values()
        for level, acuity in condition.acuities.items()
        if level == 2 and not acuity.cues
    ]
    assert uncued == []


def test_raised_pressure_belongs_to_every_hypertension_story_that_can_be_measured() -> None:
    names = {
        acuity.profile
        for condition in CONDITIONS.values()
        if condition.diagnosis == "hypertension"
        for acuity in condition.acuities.values()
    }
    assert all(profiles()[name]["sbp"][2] >= 138 for name in names)


def test_a_condition_denies_nothing_that_its_own_words_report() -> None:
    assert "chest pain" not in CONDITIONS["stemi"].denials
    assert "fever" not in CONDITIONS["pneumonia"].denials
    assert "chest pain" in CONDITIONS["ankle_sprain"].denials
