"""The whole evaluation, one section after another."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from trainer.evaluation.budget import Budget
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.performance import performance
from trainer.evaluation.sections import Section
from trainer.evaluation.unseen import unseen_sources
from trainer.evaluation.version import JudgedVersion

__all__ = ["judge"]


def judge(
    version: JudgedVersion, evidence: Evidence, budget: Budget, *, say: Callable[[str], None]
) -> tuple[Section, ...]:
    """Return the sections in the order of the report; `say` tells what is being done."""
    parts: Sequence[tuple[str, Callable[[], Sequence[Section]]]] = (
        ("sources that were left out", partial(unseen_sources, version)),
        ("performance beside rivals", partial(performance, version, evidence, budget)),
    )

    def sections() -> Iterator[Section]:
        for title, make in parts:
            say(title)
            yield from make()

    return tuple(sections())
