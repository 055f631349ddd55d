"""Is the promoted version worse than the one before? Overrides by clinicians, and drift of what is decided.

Every look at the stream is a chance to be fooled, so the level of all tests is shared out among the looks of the window
and among the tests (Bonferroni); and a difference must be large as well as significant, because thousands of decisions
make any difference significant. Does not cover: a stream that changed at the moment of the promotion, which looks the
same.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

__all__ = ["Finding", "Limits", "Seen", "judge"]

_TESTS = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """`looks`: how often the window is looked at; `level`: the chance of any false alarm in the whole window."""

    looks: int = 1
    level: float = 0.01
    min_decisions: int = 100
    min_feedback: int = 20
    override_margin: float = 0.05
    total_variation: float = 0.15
    ks_statistic: float = 0.2

    @property
    def each(self) -> float:
        """The level of one test at one look."""
        return self.level / (_TESTS * self.looks)


@dataclass(slots=True)
class Seen:
    """What one version decided, and what clinicians said of it."""

    levels: Counter[int] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    top_probabilities: list[float] = field(default_factory=list)
    judged: int = 0
    overridden: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison. `p` is None where there is too little to compare."""

    name: str
    before: float
    after: float
    effect: float
    limit: float
    p: float | None
    regressed: bool

    def __str__(self) -> str:
        if self.p is None:
            return f"{self.name}: too little to compare"
        effect = f"effect {self.effect:.3f} (limit {self.limit:.3f})"
        return f"{self.name}: {self.before:.3f} -> {self.after:.3f}, {effect}, p {self.p:.2g}"


def judge(before: Seen, after: Seen, limits: Limits) -> tuple[Finding, ...]:
    """Return one finding a test."""
    return (
        _overrides(before, after, limits),
        _counts("levels", before.levels, after.levels, limits),
        _counts("labels", before.labels, after.labels, limits),
        _probabilities(before, after, limits),
    )


def _overrides(before: Seen, after: Seen, limits: Limits) -> Finding:
    """Fisher's exact test, one-sided: more overrides than before."""
    if min(before.judged, after.judged) < limits.min_feedback:
        return _too_little("overrides", limits.override_margin)
    rates = [seen.overridden / seen.judged for seen in (before, after)]
    table = [[seen.overridden, seen.judged - seen.overridden] for seen in (after, before)]
    p = float(fisher_exact(table, alternative="greater").pvalue)
    return _finding("overrides", rates[0], rates[1], rates[1] - rates[0], limits.override_margin, p, limits)


def _counts(name: str, before: Mapping[Any, int], after: Mapping[Any, int], limits: Limits) -> Finding:
    """Chi-squared test of homogeneity. The effect is the total variation; the shares shown are of the mode before."""
    totals = sum(before.values()), sum(after.values())
    if min(totals) < limits.min_decisions:
        return _too_little(name, limits.total_variation)
    kinds = sorted({*before, *after}, key=str)
    table = np.array([[seen.get(kind, 0) for kind in kinds] for seen in (before, after)])
    shares = table / table.sum(axis=1, keepdims=True)
    p = float(chi2_contingency(table).pvalue) if len(kinds) > 1 else 1.0
    mode = int(shares[0].argmax())
    effect = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return _finding(name, shares[0, mode], shares[1, mode], effect, limits.total_variation, p, limits)


def _probabilities(before: Seen, after: Seen, limits: Limits) -> Finding:
    """Kolmogorov-Smirnov test on the largest diagnosis probability; the medians are shown."""
    samples = before.top_probabilities, after.top_probabilities
    if min(map(len, samples)) < limits.min_decisions:
        return _too_little("probabilities", limits.ks_statistic)
    found = ks_2samp(*samples)
    medians = [float(np.median(sample)) for sample in samples]
    statistic, p = float(found.statistic), float(found.pvalue)
    return _finding("probabilities", medians[0], medians[1], statistic, limits.ks_statistic, p, limits)


def _finding(
    name: str, before: float, after: float, effect: float, limit: float, p: float, limits: Limits
) -> Finding:
    return Finding(name, float(before), float(after), effect, limit, p, p < limits.each and effect > limit)


def _too_little(name: str, limit: float) -> Finding:
    return Finding(name, 0.0, 0.0, 0.0, limit, None, regressed=False)
