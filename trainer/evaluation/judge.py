"""The whole evaluation, one section after another."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from time import monotonic

from trainer.evaluation.attack import attacks
from trainer.evaluation.bias import bias
from trainer.evaluation.budget import Budget
from trainer.evaluation.calibration import calibration
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.explanations import explanations
from trainer.evaluation.foreign import out_of_domain
from trainer.evaluation.label_words import label_words
from trainer.evaluation.performance import performance
from trainer.evaluation.policy import policy
from trainer.evaluation.robustness import robustness
from trainer.evaluation.sections import Section
from trainer.evaluation.seen_words import seen_words
from trainer.evaluation.unseen import unseen_sources
from trainer.evaluation.version import JudgedVersion

__all__ = ["PARTS", "judge"]

_Part = Callable[[JudgedVersion, Evidence, Budget], Sequence[Section]]

PARTS: Mapping[str, _Part] = {
    "unseen-sources": lambda version, _evidence, _budget: unseen_sources(version),
    "seen-words": seen_words,
    "label-words": label_words,
    "performance": performance,
    "policy": policy,
    "calibration": calibration,
    "out-of-domain": out_of_domain,
    "robustness": robustness,
    "bias": bias,
    "explanations": explanations,
    "adversarial": attacks,
}
"""In the order of the report."""


def judge(
    version: JudgedVersion,
    evidence: Evidence,
    budget: Budget,
    *,
    say: Callable[[str], None],
    only: Collection[str] | None = None,
) -> Iterator[Section]:
    """Yield the sections of the parts in `only`, in its order, or of all; `say` tells how long each took."""
    for name in only or PARTS:
        began = monotonic()
        yield from PARTS[name](version, evidence, budget)
        say(f"{name}: {monotonic() - began:.0f} s")
