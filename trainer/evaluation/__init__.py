"""Judges a served version as a clinician would: `triage evaluate`. Read `judge.py` first: one section after another.

    version.py       the version's folder, asked and interpreted as in service
    evidence.py      which rows it is judged on, and whether it may have seen them; imported.py for datasets
    budget.py        how much is asked
    sections.py      what a section of the report is: tables, plots, n, seed, interval
    judge.py         the sections in order; report.py writes evaluation.json, report.html, report.md

Nothing here is fitted on a test row. Does not cover: the rules (red flags, NEWS2 floors) that service puts on top of
the model, except where a section says so.
"""

from trainer.evaluation.budget import FULL, QUICK, Budget
from trainer.evaluation.evidence import Evidence, built_in
from trainer.evaluation.imported import imported
from trainer.evaluation.judge import PARTS, judge
from trainer.evaluation.report import NoPlace, write, write_into
from trainer.evaluation.version import JudgedVersion, NotAVersion

__all__ = [
    "FULL",
    "PARTS",
    "QUICK",
    "Budget",
    "Evidence",
    "JudgedVersion",
    "NoPlace",
    "NotAVersion",
    "built_in",
    "imported",
    "judge",
    "write",
    "write_into",
]
