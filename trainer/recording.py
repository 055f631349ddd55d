"""What a run's record holds besides its settings: figures of test sets, the code's version."""

import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

from streams.text import Windower
from streams.version import VERSION
from trainer.data.rows import Row
from trainer.evaluate import Calibrated, Result, model_results
from trainer.model import TriageBert
from trainer.packaging import by_source
from trainer.runs import CodeVersion, Interval, Score
from trainer.tuning.validate import answer

__all__ = ["UNCALIBRATED", "code_version", "judged", "scores"]

UNCALIBRATED = Calibrated(1.0, 1.0, 0.5)


def judged(
    model: TriageBert, windower: Windower, rows: Sequence[Row], calibrated: Calibrated
) -> list[Result]:
    """Judge the float32 answers to each source's rows."""
    results: list[Result] = []
    for name, some in by_source(rows).items():
        answers = answer(model, some, windower)
        results += model_results("float32", f"{name}, held out", some, answers, calibrated)
    return results


def scores(system: str | None, results: Sequence[Result]) -> tuple[Score, ...]:
    """The results as scores; a `system` keeps its plain answers alone, without those made from thresholds."""
    return tuple(
        Score(
            test_set=result.test_set,
            task="diagnosis" if result.task == "diagnosis" else "urgency",
            system=result.system,
            n=result.n,
            figures={
                name: Interval(value=figure.value, low=figure.low, high=figure.high)
                for name, figure in result.figures.items()
                if math.isfinite(figure.value + figure.low + figure.high)
            },
        )
        for result in results
        if system is None or result.system == system
    )


def code_version() -> CodeVersion:
    """Ask git which code this is; outside a checkout only the version is known."""
    root = Path(__file__).parents[1]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(  # noqa: S603 # fixed arguments
                ["git", "-C", str(root), *arguments],  # noqa: S607 # whichever git there is
                check=False,
                capture_output=True,
                text=True,
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return CodeVersion(version=VERSION, commit=commit, changed=None if changes is None else bool(changes))
