"""Judges a candidate against the live version before anybody sees it: `triage models gate`. Read `judge.py` first.

    limits.py        what is asked of a candidate, in numbers
    evidence.py      what both are judged on: a frozen regression set, held-back new labels, the critical suite
    decisions.py     both versions' decisions as service would publish them
    paired.py        the statistics: paired non-inferiority, power, dependence within clusters
    checks.py        the paired checks of one set; subgroups.py, cost.py, critical.py the others
    labellers.py     who labels so differently that the round must not be learned from; opinions.py: who said what
    report.py        what comes of it: GateReport

Every check has to pass (an intersection-union test: Berger, Technometrics 24, 1982), so checking many things makes a
wrong promotion no likelier, and needs no correction. Where a check fails on what is *shown* (subgroups, labellers), the
level is divided by the number of comparisons.

Does not cover: whether labels are right in truth, nor any harm that none of the sets holds. Nothing is tuned here.
"""

from trainer.gate.judge import judge
from trainer.gate.limits import Limits
from trainer.gate.report import Check, GateReport, Status

__all__ = ["Check", "GateReport", "Limits", "Status", "judge"]
