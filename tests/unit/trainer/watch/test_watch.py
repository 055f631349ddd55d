"""New labels, drift, and whether a round is due."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.domain.feedback import FeedbackExample, Settlement
from trainer.examples import read_examples
from trainer.watch.drift import embedding_p, label_p
from trainer.watch.due import Policy, Seen, due
from trainer.watch.rounds import ERASED, LABELS, Rounds, RoundsUnreadable

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PATIENT_TEXT = "my chest hurts"


def example(message_id: str, diagnosis: str | None = "normal") -> FeedbackExample:
    return FeedbackExample(
        source="clinic-a",
        message_id=message_id,
        patient_id="p-1",
        text=PATIENT_TEXT,
        language="en",
        age_years=None,
        sex=None,
        pregnant=None,
        vitals=None,
        settled=Settlement(diagnosis=diagnosis, urgency=None, disputed=()),
        clinicians=1,
    )


class TestRounds:
    def test_what_a_round_was_given_is_not_new(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path / "rounds")
        rounds.begin([example("m-1")], "count")
        assert rounds.new([example("m-1"), example("m-2")]) == [example("m-2")]

    def test_a_label_that_changed_is_new(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        rounds.begin([example("m-1")], "count")
        assert rounds.new([example("m-1", "cancer")]) == [example("m-1", "cancer")]

    def test_what_nobody_settled_is_not_new(self, tmp_path: Path) -> None:
        assert Rounds(tmp_path).new([example("m-1", None)]) == []

    def test_rounds_are_counted_and_the_last_one_is_the_latest(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        names = [rounds.begin([example(name)], "count").name for name in ("m-1", "m-2")]
        assert names == ["0001", "0002"]
        assert rounds.latest() == [example("m-2")]

    def test_after_round_9999_comes_10000(self, tmp_path: Path) -> None:
        (tmp_path / "9999").mkdir()
        rounds = Rounds(tmp_path)
        names = [rounds.begin([example(name)], "count").name for name in ("m-1", "m-2")]
        assert (names, rounds.latest()) == (["10000", "10001"], [example("m-2")])

    def test_a_round_that_a_crash_left_half_written_does_not_count(self, tmp_path: Path) -> None:
        (tmp_path / ".unfinished").mkdir()
        (tmp_path / ".unfinished" / LABELS).write_text("half")
        rounds = Rounds(tmp_path)
        assert rounds.latest() == []
        assert rounds.begin([example("m-1")], "count").name == "0001"

    def test_text_with_line_separators_of_unicode_stays_one_line(self, tmp_path: Path) -> None:
        odd = example("m-1").model_copy(update={"text": "pain\u2028since\u0085noon"})
        rounds = Rounds(tmp_path)
        rounds.begin([odd], "count")
        assert rounds.latest() == [odd]

    def test_an_unreadable_line_is_named_and_not_quoted(self, tmp_path: Path) -> None:
        folder = Rounds(tmp_path).begin([example("m-1")], "count")
        (folder / LABELS).write_text(example("m-1").model_dump_json() + f"\n{PATIENT_TEXT}\n")
        with pytest.raises(RoundsUnreadable, match="row 2") as refused:
            Rounds(tmp_path).latest()
        assert PATIENT_TEXT not in str(refused.value)


class TestErasure:
    def test_a_patients_examples_leave_every_round_and_a_tombstone_says_that_there_were_some(
        self, tmp_path: Path
    ) -> None:
        rounds = Rounds(tmp_path)
        theirs, others = of_patient("p-1", "m-1", "m-2"), of_patient("p-2", "m-3")
        both, alone = rounds.begin([*theirs, *others], "count"), rounds.begin(theirs[:1], "count")
        before = sha256((both / LABELS).read_bytes()).hexdigest()
        assert rounds.erase({"p-1", "p-9"}) == 3
        assert not any("p-1" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())
        assert (read_examples(both / LABELS), rounds.latest()) == (others, [])
        told = json.loads((both / ERASED).read_text())
        assert (told["examples"], told["sha256_before"]) == (2, before)
        assert (alone / ERASED).exists()
        assert (rounds.erase({"p-1"}), rounds.erase({"p-1"})) == (0, 0)
        assert len((both / ERASED).read_text().splitlines()) == 1, "a repeated erasure changes nothing"

    def test_the_other_patients_labels_stay_known(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        rounds.begin([*of_patient("p-1", "m-1"), *of_patient("p-2", "m-2")], "count")
        rounds.erase({"p-1"})
        assert rounds.new(of_patient("p-2", "m-2")) == []

    def test_a_round_that_cannot_be_read_is_named_and_left_as_it_is(self, tmp_path: Path) -> None:
        folder = Rounds(tmp_path).begin(of_patient("p-1", "m-1"), "count")
        (folder / LABELS).write_text("broken")
        with pytest.raises(RoundsUnreadable, match="0001"):
            Rounds(tmp_path).erase({"p-1"})
        assert (folder / LABELS).read_text() == "broken"

    def test_an_unreadable_round_keeps_no_patient_in_the_later_ones(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        broken = rounds.begin(of_patient("p-1", "m-1"), "count")
        rounds.begin(of_patient("p-1", "m-2"), "count")
        (broken / LABELS).write_text("broken")
        with pytest.raises(RoundsUnreadable):
            rounds.erase({"p-1"})
        assert rounds.latest() == []

    def test_a_round_whose_begin_broke_off_goes(self, tmp_path: Path) -> None:
        rounds = Rounds(tmp_path)
        rounds.begin(of_patient("p-2", "m-1"), "count").rename(tmp_path / ".unfinished")
        rounds.erase({"p-1"})
        assert not (tmp_path / ".unfinished").exists()

    def test_nobody_erased_or_no_round_yet_makes_nothing(self, tmp_path: Path) -> None:
        assert Rounds(tmp_path / "rounds").erase({"p-1"}) == 0
        assert not (tmp_path / "rounds").exists()


def of_patient(patient_id: str, *names: str) -> list[FeedbackExample]:
    return [example(name).model_copy(update={"patient_id": patient_id}) for name in names]


def embeddings(rows: int, shift: float, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(shift, 1.0, (rows, 40)).astype(np.float32)


class TestDrift:
    def test_the_same_distribution_is_seldom_taken_for_another(self) -> None:
        alarms = [
            embedding_p(embeddings(300, 0, seed), embeddings(200, 0, seed + 100)) < 0.05 for seed in range(40)
        ]
        assert sum(alarms) <= 6  # more with a probability of 0.004, at the test's level of 0.05

    def test_a_shift_of_the_messages_is_found(self) -> None:
        assert embedding_p(embeddings(300, 0, 1), embeddings(200, 0.5, 2)) < 0.001

    def test_a_shift_of_the_labels_is_found_and_a_like_mixture_is_not(self) -> None:
        before = ["normal"] * 150 + ["cancer"] * 50
        assert label_p(before, ["normal"] * 100 + ["cancer"] * 100) < 0.001
        assert label_p(before, ["normal"] * 74 + ["cancer"] * 26) > 0.5

    @pytest.mark.parametrize(("before", "now"), [([], ["normal"]), (["normal"], ["normal"])])
    def test_nothing_to_compare_is_no_shift(self, before: list[str], now: list[str]) -> None:
        assert label_p(before, now) == 1.0


POLICY = Policy(new_labels=500, drift_from=200, drift_p=0.001, every=timedelta(days=7))
SEEN = Seen(new_labels=300, embedding_p=0.5, label_p=0.5, last_at=NOW - timedelta(days=1))


class TestDue:
    def test_drift_is_tested_in_steps_and_the_false_alarms_are_shared_out(self) -> None:
        assert not POLICY.tests_drift(199, 0)
        assert POLICY.tests_drift(200, 0)
        assert not POLICY.tests_drift(249, 200)
        assert POLICY.tests_drift(250, 200)
        assert not POLICY.tests_drift(500, 250)
        assert POLICY.drift_p_of_one_test == pytest.approx(0.001 / 12)

    @pytest.mark.parametrize(
        ("seen", "why"),
        [
            (replace(SEEN, new_labels=500), "count"),
            (replace(SEEN, embedding_p=0.00001), "drift: messages"),
            (replace(SEEN, label_p=0.00001), "drift: labels"),
            (replace(SEEN, last_at=NOW - timedelta(days=7)), "schedule"),
        ],
    )
    def test_each_reason_is_enough(self, seen: Seen, why: str) -> None:
        assert str(due(POLICY, seen, NOW)).startswith(why)

    @pytest.mark.parametrize(
        "seen",
        [
            SEEN,
            replace(SEEN, embedding_p=None, label_p=None),
            replace(SEEN, new_labels=199, embedding_p=0.00001),
            replace(SEEN, new_labels=0, last_at=NOW - timedelta(days=70)),
        ],
    )
    def test_none_of_them_is_none(self, seen: Seen) -> None:
        assert due(POLICY, seen, NOW) is None
