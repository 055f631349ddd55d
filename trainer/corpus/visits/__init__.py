"""Emergency visits: a nurse's few words, vital signs as they really scatter, and the level that CTAS/KTAS give them.

The stories of `trainer.corpus` start from a disease. Triage doesn't know it: it starts from a complaint, which has a
usual level, and raises it by first-order modifiers (breathing, circulation, consciousness, temperature, pain). Here
most urgent patients have unremarkable vital signs, as in real departments, so that words count; and a painful limb is
not a painful chest. No diagnosis label: a complaint is none.

Does not cover: real prevalence (serious complaints are drawn more often), the judgement of an expert who sees the
patient.
"""

from trainer.corpus.visits.complaints import COMPLAINTS, Complaint
from trainer.corpus.visits.generate import Visit, visits

__all__ = ["COMPLAINTS", "Complaint", "Visit", "visits"]
