"""The whole benchmark as one document: `triage bench continual`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from trainer.continual.benchmark.figures import interval
from trainer.continual.benchmark.play import Played, Setting, joint, play, start
from trainer.continual.benchmark.rounds import Round, make_rounds, read_pool
from trainer.continual.strategies import DEFAULT, STRATEGIES

__all__ = ["FULL", "USUAL", "Plan", "measure"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which strategies, over which seeds. A seed deals out the rows and trains."""

    strategies: tuple[str, ...]
    seeds: tuple[int, ...]


USUAL = Plan((DEFAULT, "naive"), (11,))
FULL = Plan(tuple(STRATEGIES), (11, 12, 13))


@dataclass(frozen=True, slots=True)
class _OneSeed:
    played: Mapping[str, Played]
    at_start: float
    joint: Mapping[str, Sequence[float]]
    joint_minutes: float

    @property
    def best_joint(self) -> float:
        """The better of the two kinds of heads: a bound that is easily reached would flatter."""
        return max(float(np.mean(scores)) for scores in self.joint.values())

    def share_of_gain(self, name: str) -> float:
        return (self.played[name].course.average - self.at_start) / (self.best_joint - self.at_start)


def measure(plan: Plan, data: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Run `plan` on the development data. Raises BadData, FileNotFoundError."""
    pool = read_pool(data)
    runs, rounds = [], []
    for seed in plan.seeds:
        rounds = make_rounds(pool, seed=seed)
        runs.append(_one_seed(plan.strategies, rounds, Setting(seed), say))
    names = {DEFAULT: "default_strategy", **{name: name for name in plan.strategies if name != DEFAULT}}
    tests = [test.name for one in rounds for test in one.tests]
    return {
        "seeds": plan.seeds,
        "rounds": [_described(one) for one in rounds],
        "start": interval([run.at_start for run in runs]),
        "joint": {
            **{kind: interval([float(np.mean(r.joint[kind])) for r in runs]) for kind in runs[0].joint},
            "minutes": interval([run.joint_minutes for run in runs]),
        },
        **{key: {"name": name, **_summary(name, runs, tests)} for name, key in names.items()},
    }


def _one_seed(
    strategies: Sequence[str], rounds: Sequence[Round], setting: Setting, say: Callable[[str], None]
) -> _OneSeed:
    say(f"seed {setting.seed}: the start learns {rounds[0].name}")
    begun = start(rounds, setting)
    played = {name: play(STRATEGIES[name], begun, rounds, setting, say) for name in strategies}
    say("joint retraining")
    began = monotonic()
    scores = joint(rounds, setting)
    # Before its first round every strategy but the default has the start's own heads.
    plain = next((one for name, one in played.items() if name != DEFAULT), played[strategies[0]])
    return _OneSeed(played, float(plain.course.score[0].mean()), scores, (monotonic() - began) / 60)


def _summary(name: str, runs: Sequence[_OneSeed], tests: Sequence[str]) -> dict[str, Any]:
    played = [run.played[name] for run in runs]
    courses = [one.course for one in played]
    figures = {
        "average": [course.average for course in courses],
        "mean_forgetting": [course.mean_forgetting for course in courses],
        "worst_forgetting": [course.worst_forgetting for course in courses],
        "forward_transfer": [course.forward_transfer for course in courses],
        "share_of_joint_gain": [run.share_of_gain(name) for run in runs],
        "minutes_per_round": [float(np.mean(one.minutes)) for one in played],
    }
    means = {key: float(np.mean(values)) for key, values in figures.items()}
    return {
        **means,
        "bwt": -means["mean_forgetting"],
        "replay_share": max(one.replay_share for one in played),
        "intervals": {key: interval(values) for key, values in figures.items()},
        "tests": {
            test: {
                "learned": float(np.mean([c.score[c.taught_in[i], i] for c in courses])),
                "end": float(np.mean([c.score[-1, i] for c in courses])),
            }
            for i, test in enumerate(tests)
        },
    }


def _described(one: Round) -> dict[str, Any]:
    tests = {test.name: len(test.rows) for test in one.tests}
    return {"name": one.name, "kind": one.kind, "train_rows": len(one.rows), "test_rows": tests}
