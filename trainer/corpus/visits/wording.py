"""The words of a visit: mostly the bare complaint, at times a second one, a duration, or a short note around it."""

from collections.abc import Mapping
from random import Random

from trainer.corpus.clinical import write_vitals
from trainer.corpus.model import VitalValue
from trainer.corpus.noise import tidy
from trainer.corpus.visits.complaints import Complaint

__all__ = ["word"]

_SIDES = ("Lt", "Rt", "left", "right", "Lt.", "Rt.", "L", "R", "both")
_PARTS = (
    "finger", "hand", "wrist", "elbow", "shoulder", "knee", "ankle", "foot", "toe", "thumb", "arm", "leg", "forearm",
    "thigh", "hip", "calf",
)  # fmt: skip
_BEFORE = ("acute", "sudden", "c/o", "s/o", "worsening", "intermittent", "recurrent", "mild", "new onset")
_AFTER = (
    "x2d", "x 1 wk", "since yesterday", "this AM", "x3 days", "on/off", "for 2 hrs", "since last night", "x 1 month",
    "for a week", "started 1 hr ago",
)  # fmt: skip
_PAST = (
    "HTN", "DM", "HTN, DM", "CAD", "asthma", "COPD", "CVA", "cancer", "A-fib", "CKD", "none", "CHF", "hypothyroid",
    "depression",
)  # fmt: skip
_DENIED = ("CP", "SOB", "fever", "N/V", "LOC", "trauma", "HA", "diarrhea", "bleeding", "weakness")
_BY = (
    "by ambulance",
    "walk-in",
    "brought by family",
    "via EMS",
    "ambulatory",
    "from nursing home",
    "referred by GP",
)


def word(complaint: Complaint, age: int, sex: str, vitals: Mapping[str, VitalValue], rng: Random) -> str:
    """Return the complaint in a nurse's words: one line of the chief-complaint field, or a short note."""
    phrase = (
        rng.choice(complaint.phrases).replace("{s}", rng.choice(_SIDES)).replace("{d}", rng.choice(_PARTS))
    )
    if rng.random() < 0.14:
        phrase = f"{rng.choice(_BEFORE)} {phrase}"
    if rng.random() < 0.12:
        phrase = f"{phrase} {rng.choice(_AFTER)}"
    if rng.random() < 0.7:
        return phrase[:1].upper() + phrase[1:] if rng.random() < 0.5 else phrase
    return _note(phrase, age, sex, vitals, rng)


def _note(phrase: str, age: int, sex: str, vitals: Mapping[str, VitalValue], rng: Random) -> str:
    who = rng.choice((f"{age}{sex[0].upper()}", f"{age} y/o {sex}", f"{age} yo {sex[0].upper()}", "Pt", ""))
    parts = [f"{who} {rng.choice(('c/o', 'with', 'presents with', 'here for', ''))} {phrase}".strip()]
    if rng.random() < 0.4:
        parts.append(f"{rng.choice(('denies', 'no'))} {rng.choice(_DENIED)}")
    if rng.random() < 0.4:
        parts.append(f"{rng.choice(('PMH', 'hx', 'h/o'))} {rng.choice(_PAST)}")
    if rng.random() < 0.25:
        parts.append(rng.choice(_BY))
    if "pain_score" in vitals and rng.random() < 0.3:
        parts.append(f"pain {float(vitals['pain_score']):.0f}/10")
    if rng.random() < 0.25:
        parts.append(write_vitals(dict(vitals), rng, at_most=5))
    return tidy(rng.choice((", ", ". ", "; ")).join(parts))
