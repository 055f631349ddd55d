"""The facts of one message before anyone tells them: a condition, a person, a severity, what is mentioned."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from trainer.corpus.model import Acuity, Condition, Symptom, VitalValue
from trainer.corpus.person import Person, draw_person
from trainer.corpus.tables import symptoms
from trainer.corpus.timing import Timing, draw_timing
from trainer.corpus.vitals import draw_vitals

__all__ = ["Story", "draw_story"]

_BACKGROUND_AGE_YEARS = 18
_BUNDLE_FROM, _BUNDLE_SHARE = 3, 0.4
_FEVER_FROM_C = 37.8
# A default severity cue for conditions that name none, by level; levels 1-2 always name their own.
_USUAL_CUES = {
    3: ("worse_each_hour", "cant_manage", "sleep_lost", "pills_no_help"),
    4: ("bearable", "eating_ok", "up_and_about", "bit_worse"),
    5: ("very_mild", "no_hurry", "unchanged", "otherwise_well", "getting_better"),
}
# Share of people who have it, by decade from 20 (rounded from population surveys); mentioned more rarely.
_COMORBIDITIES = {
    "hx_htn": (0.03, 0.08, 0.15, 0.28, 0.42, 0.5),
    "hx_dm": (0.02, 0.03, 0.07, 0.13, 0.2, 0.22),
    "hx_t1dm": (0.01, 0.01, 0.01, 0.01, 0.01, 0.01),
    "hx_mi": (0.0, 0.005, 0.02, 0.05, 0.09, 0.13),
    "hx_af": (0.0, 0.005, 0.01, 0.03, 0.06, 0.12),
    "hx_chf": (0.0, 0.003, 0.01, 0.02, 0.05, 0.1),
    "hx_stent": (0.0, 0.0, 0.02, 0.04, 0.07, 0.09),
    "hx_cancer_f": (0.01, 0.02, 0.03, 0.06, 0.08, 0.09),
    "hx_cancer_m": (0.01, 0.01, 0.02, 0.05, 0.09, 0.11),
    "hx_colon_ca": (0.0, 0.0, 0.01, 0.02, 0.04, 0.05),
    "hx_asthma": (0.1, 0.09, 0.08, 0.08, 0.07, 0.06),
    "hx_copd": (0.0, 0.01, 0.03, 0.06, 0.1, 0.12),
    "hx_thyroid": (0.02, 0.03, 0.05, 0.06, 0.07, 0.08),
    "hx_depression": (0.1, 0.1, 0.1, 0.09, 0.07, 0.06),
    "hx_smoker": (0.15, 0.16, 0.16, 0.14, 0.1, 0.06),
    "hx_chol": (0.01, 0.05, 0.1, 0.15, 0.2, 0.2),
    "hx_ckd": (0.0, 0.01, 0.02, 0.04, 0.07, 0.1),
    "hx_stroke": (0.0, 0.0, 0.01, 0.02, 0.05, 0.08),
    "hx_none": (0.3, 0.25, 0.18, 0.1, 0.06, 0.04),
    "hx_allergy": (0.06, 0.06, 0.06, 0.06, 0.06, 0.06),
    "hx_anticoag": (0.0, 0.01, 0.02, 0.04, 0.08, 0.12),
    "fh_heart": (0.04, 0.05, 0.05, 0.04, 0.02, 0.01),
    "fh_cancer": (0.04, 0.05, 0.05, 0.04, 0.02, 0.01),
    "fh_dm": (0.04, 0.05, 0.05, 0.03, 0.02, 0.01),
    "fh_htn": (0.04, 0.05, 0.04, 0.03, 0.02, 0.01),
}


@dataclass(frozen=True, slots=True)
class Story:
    condition: Condition
    acuity: Acuity
    person: Person
    vitals: dict[str, VitalValue]
    timing: Timing | None
    accompanying: tuple[Symptom, ...]
    cues: tuple[Symptom, ...]
    history: tuple[Symptom, ...]
    denials: tuple[str, ...]
    finding: str | None
    bundle: bool  # told as a list of symptoms, without the phrase that names the condition best

    @property
    def needs_cue(self) -> bool:
        """Whether the level would be unknowable without a cue or vital signs."""
        return self.acuity.level != self.condition.usual_level


def _history(condition: Condition, person: Person, rng: Random) -> tuple[Symptom, ...]:
    own = list(dict.fromkeys(item for item in condition.history if rng.random() < 0.6))
    if person.age_years < _BACKGROUND_AGE_YEARS or (condition.administrative and own):
        return tuple(own)
    decade = min(max(person.age_years - 20, 0) // 10, 5)
    wanted = rng.choices((0, 1, 2, 3), weights=(45, 32, 16, 7))[0]
    names = rng.choices(
        list(_COMORBIDITIES), weights=[shares[decade] for shares in _COMORBIDITIES.values()], k=wanted
    )
    drawn = [
        name for name in dict.fromkeys(names) if not (name == "hx_none" and (own or len(set(names)) > 1))
    ]
    barred = "hx_cancer_m" if person.sex == "female" else "hx_cancer_f"
    own_names = {item.name for item in own}
    return tuple(own) + tuple(symptoms()[name] for name in drawn if name not in own_names and name != barred)


def _cues(condition: Condition, acuity: Acuity, rng: Random) -> tuple[Symptom, ...]:
    available = acuity.cues
    if not available:
        if condition.administrative or acuity.level not in _USUAL_CUES:
            return ()
        names = _USUAL_CUES[acuity.level]
        available = tuple(symptoms()[name] for name in names[: 1 if acuity.pain_score is None else None])
        if acuity.pain_score is None and acuity.level == 5:
            available = tuple(symptoms()[name] for name in ("no_hurry", "unchanged", "otherwise_well"))
    number = 1 if acuity.level > 2 or rng.random() < 0.4 else 2
    if acuity.level == condition.usual_level and rng.random() < 0.3:
        number -= 1
    return tuple(rng.sample(available, min(number, len(available))))


def draw_story(condition: Condition, acuity: Acuity, rng: Random) -> Story:
    """The facts of one message of this condition at this severity."""
    person = draw_person(condition, rng)
    accompanying = [symptom for symptom, share in condition.accompanying if rng.random() < share]
    bundle = condition.bundled and len(accompanying) >= _BUNDLE_FROM and rng.random() < _BUNDLE_SHARE
    denials = rng.sample(condition.denials, min(rng.randint(1, 3), len(condition.denials)))
    vitals = draw_vitals(person, acuity, rng)
    if any(symptom.name == "fever" for symptom in accompanying) and "temperature_c" in vitals:
        vitals["temperature_c"] = max(
            float(vitals["temperature_c"]), round(rng.uniform(_FEVER_FROM_C, 38.6), 1)
        )
    return Story(
        condition=condition,
        acuity=acuity,
        person=person,
        vitals=vitals,
        timing=draw_timing(condition.onsets, rng),
        accompanying=tuple(rng.sample(accompanying, min(4 if bundle else 3, len(accompanying)))),
        cues=_cues(condition, acuity, rng),
        history=_history(condition, person, rng),
        denials=tuple(denials) if rng.random() < 0.4 and not condition.administrative else (),
        finding=rng.choice(condition.findings) if condition.findings else None,
        bundle=bundle,
    )
