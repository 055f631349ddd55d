"""What the card says whatever the run: the purpose, the limits, and where each source comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DATA", "LIMITS", "PURPOSE", "DataUse"]

PURPOSE = "Decision support for research. Not a medical device; no clinical use without local validation and sign-off."
LIMITS = (
    "No open data set covers the five diagnosis labels with text that patients wrote, and `normal` is in none: the "
    "`normal` of symptom2disease is 22 other diseases, the corpus's is written by us. `normal` means that none of "
    "the other four labels explains the presentation, never that a patient is healthy.",
    "The corpus is written from medical facts by one generator: figures on it say how well its own patterns were "
    "learned and are an upper bound. Judge by the rows whose source was unseen.",
    "Urgency of real patients rests on one study: 1,267 adults in two Korean emergency departments, level by "
    "three experts. Level 1 (26 visits) and level 5 (75) are rare in it. No child, no pregnancy, no text that "
    "patients wrote.",
    "The urgency labels of the corpus and of KTAS follow related, not identical conventions; only levels 1-2 "
    "compare.",
    "English only. Only the first window of a text was judged here.",
    "Vital signs act additively: the model knows no interaction between a complaint and a measurement.",
    "MedQuAD is encyclopaedic text that mostly names its topic: an easy test, and 3 rows of hypertension.",
    "The calibration split is small for real visits, so thresholds are uncertain by some hundredths.",
    "Weights are reproduced bit by bit only with the same packages, threads and type of processor.",
)


@dataclass(frozen=True, slots=True)
class DataUse:
    """One source: what it is, where it comes from, under which licence."""

    source: str
    description: str
    provenance: str
    licence: str


DATA: Mapping[str, DataUse] = {
    "corpus": DataUse(
        "corpus",
        "messages written from medical facts; both labels",
        "this repository, trainer/corpus",
        "Apache-2.0, as the repository",
    ),
    "visits": DataUse(
        "visits",
        "emergency visits written from triage criteria: complaint, vital signs; urgency only",
        "this repository, trainer/corpus/visits",
        "Apache-2.0, as the repository",
    ),
    "symptom2disease": DataUse(
        "symptom2disease",
        "1,200 symptom descriptions of 24 conditions; diagnosis only",
        "t4ai/nlp-medical-diagnosis-classifier at 4780852, Symptom2Disease.csv, "
        "sha256 5f7d0ee532eaf21649a47051a37f4a9fb12e2b00053d7e3209f38707489998ba",
        "none stated in that repository; not redistributed here",
    ),
    "ktas": DataUse(
        "ktas",
        "1,267 emergency visits: complaint, vital signs, level by three experts; urgency only",
        "data of Moon et al., PLOS ONE 14(9), 2019, e0216972; yerin16/ai-diagnosis-assistant at ebe44af, "
        "data/data.csv, sha256 0e2c088e358fd4cdfd0dcc2fd4c2f085aa303856e3a6df8ceb44a69cef8ed2de",
        "none stated in that repository; not redistributed here",
    ),
    "medquad": DataUse(
        "medquad",
        "answers on symptoms, labelled by their topic; test only",
        "abachaa/MedQuAD at 577bd37; Ben Abacha and Demner-Fushman, BMC Bioinformatics 20, 2019",
        "CC BY 4.0; not redistributed here",
    ),
    "ddxplus": DataUse(
        "ddxplus",
        "names of 49 conditions with a severity of 1 to 5, as a prior of urgency; test only",
        "Fansi Tchango et al., DDXPlus, NeurIPS 2022; mujahidzareen/smartmed at 316c63c, release_conditions.json, "
        "sha256 61e16706a2ab78efb997bab8a865c83b46151b10b0377b63530745f1e18e71a8",
        "CC BY by its authors, none stated in that repository; not redistributed here",
    ),
    "toyhom": DataUse(
        "toyhom",
        "7,644 questions of Chinese patients to internal medicine; no label",
        "Toyhom/Chinese-medical-dialogue-data at 26724a4, sample 5000-6000 of internal medicine, "
        "sha256 133e5f7e9a3255468375c258381d131b1dc0a4fff6d431cbe743884139b1eb25",
        "MIT; not redistributed here",
    ),
}
