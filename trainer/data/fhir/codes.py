"""What codes mean here: LOINC for what was asked, SNOMED CT and LOINC answers for what was found, ICD-10 for labels.

Vital signs as in the FHIR R4 vital signs profile; triage and its answers from LOINC 75636-1. The table from ICD-10 to
labels needs clinical sign-off: where a code leaves the label open (pregnancy, newborns, symptoms, unclear tumours,
diseases of the lung's vessels, contacts without a disease), there is none.
"""

import re
from collections.abc import Mapping

from schemas import Consciousness

__all__ = [
    "ANSWER_LEVELS",
    "COMPLAINT",
    "CONSCIOUSNESS",
    "CONSCIOUSNESS_STEPS",
    "FLOW_UNITS",
    "MEASURED",
    "OXYGEN_FLOW",
    "PREGNANCY",
    "PREGNANT",
    "TRIAGE",
    "WITHOUT_UNIT",
    "label_of",
]

COMPLAINT = ("8661-1", "10154-3", "46239-0")
TRIAGE = ("75636-1", "11283-9")
OXYGEN_FLOW = ("3151-8",)
PREGNANCY = ("82810-3",)
CONSCIOUSNESS = ("80288-4", "67775-7")

MEASURED: Mapping[str, tuple[tuple[str, ...], Mapping[str, tuple[float, float]]]] = {
    "heart_rate_bpm": (("8867-4",), {"/min": (0, 1), "{beats}/min": (0, 1)}),
    "respiratory_rate_bpm": (("9279-1",), {"/min": (0, 1), "{breaths}/min": (0, 1)}),
    "systolic_bp_mmhg": (("8480-6",), {"mm[Hg]": (0, 1), "kPa": (0, 7.50062)}),
    "diastolic_bp_mmhg": (("8462-4",), {"mm[Hg]": (0, 1), "kPa": (0, 7.50062)}),
    "temperature_c": (("8310-5", "8331-1"), {"Cel": (0, 1), "[degF]": (-32, 5 / 9)}),
    "spo2_percent": (("2708-6", "59408-5"), {"%": (0, 1)}),
    "pain_score": (("72514-3", "38208-5"), {"{score}": (0, 1), "1": (0, 1)}),
}
"""Our field: its codes, and by UCUM unit what is added, then multiplied, to have our unit."""

WITHOUT_UNIT = ("pain_score",)
FLOW_UNITS: Mapping[str, tuple[float, float]] = {"L/min": (0, 1), "l/min": (0, 1)}

ANSWER_LEVELS: Mapping[str, int] = {
    "LA21567-5": 1,
    "LA21752-3": 2,
    "LA21753-1": 3,
    "LA21754-9": 4,
    "LA21755-6": 5,
}

CONSCIOUSNESS_STEPS: Mapping[str, Consciousness] = {
    "248234008": Consciousness.ALERT,
    "130987000": Consciousness.CONFUSION,
    "300202002": Consciousness.VOICE,
    "450847001": Consciousness.PAIN,
    "422768004": Consciousness.UNRESPONSIVE,
}

PREGNANT: Mapping[str, bool | None] = {
    "LA15173-0": True,
    "77386006": True,
    "LA26683-5": False,
    "60001007": False,
    "LA4489-6": None,
}

_ICD10 = re.compile(r"([A-Z])(\d\d)")
_LABELS: tuple[tuple[str, str, str | None], ...] = (
    ("C00", "C97", "cancer"),
    ("D00", "D09", None),
    ("D37", "D49", None),
    ("E08", "E14", "diabetes"),
    ("I00", "I02", None),
    ("I05", "I09", "heart_disease"),
    ("I10", "I16", "hypertension"),
    ("I20", "I25", "heart_disease"),
    ("I26", "I28", None),
    ("I30", "I52", "heart_disease"),
    ("O00", "P96", None),
    ("R00", "R99", None),
    ("U00", "Z99", None),
    ("A00", "T98", "normal"),
)


def label_of(icd10: str) -> str | None:
    """Return the label of a disease; None where the code leaves it open. The first range that holds it counts."""
    found = _ICD10.match(icd10.upper())
    if found is None:
        return None
    block = "".join(found.groups())
    return next((label for first, last, label in _LABELS if first <= block <= last), None)
