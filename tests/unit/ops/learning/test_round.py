"""A round, and whether one is due; the commands themselves are tested where they live."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ops.learning.round import Outcome, RoundPlan, run_round
from ops.learning.watch import look
from streams.domain.feedback import FeedbackExample, Settlement
from trainer.watch.due import Policy
from trainer.watch.rounds import Rounds, learned

NOW = datetime(2026, 11, 26, tzinfo=UTC)


class Commands:
    """Notes what is run; `refuses` names the command that ends with 1."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.run: list[str] = []

    def __call__(self, arguments: Sequence[str]) -> int:
        name = " ".join(arguments[:2])
        self.run.append(name)
        return int(name == self.refuses)

    def install(self, candidate: Path) -> bool:
        self.run.append(f"install {candidate.parent.parent.parent.name}")
        return self.refuses != "install"


@pytest.fixture
def plan(tmp_path: Path) -> RoundPlan:
    return RoundPlan(tmp_path / "labels.jsonl", tmp_path / "live", tmp_path / "runs", "round-0001")


def test_a_round_goes_from_labels_to_a_candidate_in_the_shadow(plan: RoundPlan) -> None:
    commands = Commands()
    assert run_round(plan, commands, commands.install) is Outcome.SHADOWING
    assert commands.run == [
        "models labellers",
        "train continue",
        "models gate",
        "install round-0001",
    ]


@pytest.mark.parametrize(
    ("refuses", "outcome", "steps"),
    [
        ("models labellers", Outcome.LABELLER_NAMED, 1),
        ("train continue", Outcome.NOT_TRAINED, 2),
        ("models gate", Outcome.REFUSED, 3),
        ("install", Outcome.NOT_INSTALLED, 4),
    ],
)
def test_nothing_follows_a_refusal(plan: RoundPlan, refuses: str, outcome: Outcome, steps: int) -> None:
    commands = Commands(refuses)
    assert run_round(plan, commands, commands.install) is outcome
    assert len(commands.run) == steps


def example(number: int, diagnosis: str) -> FeedbackExample:
    return FeedbackExample(
        source="clinic-a",
        message_id=f"m-{number}",
        patient_id="p-1",
        text="it hurts" if diagnosis == "normal" else "other words",
        language="en",
        age_years=None,
        sex=None,
        pregnant=None,
        vitals=None,
        settled=Settlement(diagnosis=diagnosis, urgency=None, disputed=()),
        clinicians=1,
    )


def embed(examples: Sequence[FeedbackExample]) -> NDArray[np.float32]:
    shift = np.array([[3.0 if one.text == "other words" else 0.0] for one in examples])
    noise = np.random.default_rng(len(examples)).normal(size=(len(examples), 8))
    return np.asarray(noise + shift, dtype=np.float32)


class TestLook:
    policy = Policy(new_labels=50, drift_from=20, every=timedelta(days=1))

    def looked(self, rounds: Rounds, examples: list[FeedbackExample], after: timedelta) -> str | None:
        began = rounds.last_at() or NOW
        return look(rounds, examples, embed, self.policy, watched_since=NOW, now=began + after).reason

    def test_enough_labels_make_a_round_due_and_once_it_began_they_are_not_new(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        examples = [example(number, "normal") for number in range(50)]
        assert str(self.looked(rounds, examples, timedelta())).startswith("count: 50")
        rounds.begin(examples, "count")
        assert self.looked(rounds, examples, timedelta(days=9)) is None

    def test_other_messages_than_in_the_last_round_make_one_due_before_there_are_enough(
        self, tmp_path: Path
    ) -> None:
        rounds = Rounds(tmp_path)
        rounds.begin([example(number, "normal") for number in range(50)], "count")
        like = [example(number, "normal") for number in range(100, 130)]
        unlike = [example(number, "cancer") for number in range(100, 130)]
        assert self.looked(rounds, like, timedelta()) is None
        assert str(self.looked(rounds, unlike, timedelta())).startswith("drift: messages")

    def test_a_refused_round_is_not_begun_again_by_the_same_labels_but_the_next_one_has_them(
        self, tmp_path: Path
    ) -> None:
        rounds = Rounds(tmp_path)
        first = [example(number, "normal") for number in range(50)]
        folder = rounds.begin(first, "count")
        assert self.looked(rounds, first, timedelta()) is None
        looked = look(rounds, [*first, example(99, "normal")], embed, self.policy, watched_since=NOW, now=NOW)
        assert (looked.seen.new_labels, len(looked.unlearned)) == (1, 51)
        learned(folder, "shadowing")
        assert len(rounds.unlearned([*first, example(99, "normal")])) == 1

    def test_time_makes_one_due_where_there_is_any_new_label(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        assert self.looked(rounds, [example(1, "normal")], timedelta(hours=23)) is None
        assert str(self.looked(rounds, [example(1, "normal")], timedelta(days=1))).startswith("schedule")
