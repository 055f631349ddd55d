"""Draws labelled messages: which class, which level, which condition, in which voice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from random import Random

from trainer.corpus import clinical, lay
from trainer.corpus.chinese import CHINESE_VOICES, speaks_chinese, tell_in_chinese
from trainer.corpus.model import Condition, CorpusMessage, Phrase, PhraseKind
from trainer.corpus.noise import roughen, spell_for_region, tidy
from trainer.corpus.story import Story, draw_story
from trainer.corpus.tables import conditions
from trainer.corpus.vitals import hide_fields, silences_patient

__all__ = ["DIAGNOSIS_SHARES", "LEVEL_SHARES", "VOICE_SHARES", "generate", "write"]

DIAGNOSIS_SHARES = {
    "normal": 0.44,
    "hypertension": 0.14,
    "diabetes": 0.14,
    "heart_disease": 0.14,
    "cancer": 0.14,
}
# P(level 1..5 | diagnosis); together about 8, 22, 32, 24 and 14 percent.
LEVEL_SHARES = {
    "normal": (0.075, 0.20, 0.31, 0.25, 0.165),
    "hypertension": (0.04, 0.24, 0.32, 0.25, 0.15),
    "diabetes": (0.09, 0.22, 0.32, 0.24, 0.13),
    "heart_disease": (0.14, 0.31, 0.31, 0.17, 0.07),
    "cancer": (0.06, 0.20, 0.36, 0.26, 0.12),
}
VOICE_SHARES = {
    "patient": 0.22,
    "relative": 0.12,
    "triage": 0.19,
    "chief_complaint": 0.09,
    "ambulance": 0.09,
    "portal": 0.10,
    "vignette": 0.11,
    "question": 0.08,
}
_CLINICAL_VOICES = {
    "triage": clinical.tell_triage_note,
    "chief_complaint": clinical.tell_chief_complaint,
    "ambulance": clinical.tell_ambulance,
    "vignette": clinical.tell_vignette,
}
_LAY_VOICES = {
    "patient": lay.tell_message,
    "relative": lay.tell_message,
    "portal": lay.tell_portal,
    "question": lay.tell_question,
}
_CHINESE_SHARE = 0.06
_OWN_VOICE_FROM_YEARS = 13
# Share of messages that arrive with structured vital signs, by voice; never by label.
_VITALS_SHARE = {"patient": 0.4, "relative": 0.4, "portal": 0.35, "question": 0.2, "vignette": 0.6}
_VITALS_SHARE_AT_THE_DESK = 0.87


@cache
def _candidates(language: str) -> Mapping[tuple[str, int], tuple[tuple[Condition, ...], tuple[float, ...]]]:
    found: dict[tuple[str, int], tuple[list[Condition], list[float]]] = {}
    for condition in conditions().values():
        if language == "zh" and not speaks_chinese(condition):
            continue
        total = sum(acuity.weight for acuity in condition.acuities.values())
        for level, acuity in condition.acuities.items():
            chosen, weights = found.setdefault((condition.diagnosis, level), ([], []))
            chosen.append(condition)
            weights.append(condition.frequency * (acuity.weight / total) ** 0.5)
    return {key: (tuple(chosen), tuple(weights)) for key, (chosen, weights) in found.items()}


def _draw_condition(language: str, rng: Random) -> tuple[Condition, int]:
    diagnosis = rng.choices(list(DIAGNOSIS_SHARES), weights=list(DIAGNOSIS_SHARES.values()))[0]
    shares = [
        share if (diagnosis, level) in _candidates(language) else 0.0
        for level, share in enumerate(LEVEL_SHARES[diagnosis], start=1)
    ]
    level = rng.choices((1, 2, 3, 4, 5), weights=shares)[0]
    chosen, weights = _candidates(language)[diagnosis, level]
    return rng.choices(chosen, weights=weights)[0], level


def _pick_voice(story: Story, voices: Mapping[str, float], rng: Random) -> str:
    voice = rng.choices(list(voices), weights=list(voices.values()))[0]
    if voice == "ambulance" and story.condition.administrative:
        voice = "triage"
    if voice == "patient" and not _can_speak(story):
        voice = "relative"
    return voice


def _can_speak(story: Story) -> bool:
    return story.person.age_years >= _OWN_VOICE_FROM_YEARS and not silences_patient(story.acuity.profile)


def _clinical_lead(story: Story, voice: str, rng: Random) -> str:
    if voice == "chief_complaint" and story.accompanying and rng.random() < 0.2:
        return rng.choice(story.accompanying[0].clinical)
    return rng.choice(story.condition.lead.clinical)


def _lay_lead(story: Story, rng: Random) -> Phrase:
    lead = story.condition.lead
    if rng.random() < 0.06:
        return Phrase(rng.choice(lead.clinical), PhraseKind.NOUN)
    return rng.choice(lead.lay)


def write(story: Story, voice: str, language: str, rng: Random) -> tuple[str, str]:
    """The text of a story in a voice, and the key of the lead phrase that near-duplicates share."""
    if language == "zh":
        lead = rng.choice(story.condition.lead.chinese)
        return tell_in_chinese(story, lead, voice, rng), f"{story.condition.name}/{lead}"
    british = rng.random() < 0.5
    if voice in _CLINICAL_VOICES:
        lead = _clinical_lead(story, voice, rng)
        text = _CLINICAL_VOICES[voice](story, lead, rng)
        key = lead if voice == "chief_complaint" else f"{story.condition.name}/{lead}"
    else:
        phrase = _lay_lead(story, rng)
        if story.bundle:
            phrase = rng.choice(story.accompanying[0].lay)
            story = replace(story, accompanying=story.accompanying[1:])
        first_person = (
            voice != "relative" and _can_speak(story) and (voice == "patient" or rng.random() < 0.75)
        )
        text = _LAY_VOICES[voice](story, phrase, rng, first_person=first_person)
        key = f"{story.condition.name}/{phrase.text}"
    text = spell_for_region(tidy(text), british=british)
    return tidy(roughen(text, rng, clinician=voice in _CLINICAL_VOICES)), key


def _record(story: Story, voice: str, rng: Random) -> dict[str, float | bool | str] | None:
    share = _VITALS_SHARE.get(voice, _VITALS_SHARE_AT_THE_DESK)
    needed = voice == "chief_complaint" and story.needs_cue
    if not needed and rng.random() > share:
        return None
    return (
        hide_fields(story.vitals, rng, share_kept=0.97 if needed else rng.choice((0.97, 0.85, 0.6))) or None
    )


def generate(count: int, *, seed: int, language: str | None = None) -> Iterator[CorpusMessage]:
    """`count` messages, the same for the same seed; the first n are the same whatever the count.

    `language` is "en", "zh", or None for a mix that is mostly English. Raises ValueError for another language.
    """
    if language not in (None, "en", "zh"):
        raise ValueError("language must be 'en', 'zh' or None")
    rng = Random(seed)
    for _ in range(count):
        spoken = language or ("zh" if rng.random() < _CHINESE_SHARE else "en")
        condition, level = _draw_condition(spoken, rng)
        story = draw_story(condition, condition.acuities[level], rng)
        voices = VOICE_SHARES if spoken == "en" else dict.fromkeys(CHINESE_VOICES, 1.0)
        voice = _pick_voice(story, voices, rng)
        text, family = write(story, voice, spoken, rng)
        person = story.person
        yield CorpusMessage(
            text=text,
            diagnosis=condition.diagnosis,
            urgency_level=level,
            condition=condition.name,
            voice=voice,
            language=spoken,
            age_years=person.age_years if rng.random() < 0.8 else None,
            sex=person.sex if rng.random() < 0.8 else None,
            pregnant=person.pregnant if rng.random() < 0.8 else None,
            vitals=_record(story, voice, rng),
            family=family,
        )
