"""`triage feedback`: what became of words is told, and a patient is erased by the id that a hospital has."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import feedback, feedback_outcomes
from ops.cli.connection import patient_pseudonym
from ops.cli.feedback_outcomes import FeedbackPlace, FeedbackWatcher, Outcomes
from ops.cli.main import app
from schemas import DeadLetterReason, Origin
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.domain.decoding import ERASURE_TYPE
from streams.envelope import CE_TYPE
from streams.errors import ConfigurationError, Unavailable
from streams.topics import DEADLETTERS, FEEDBACK, MESSAGES
from tests.unit.streams.factories import dead_letter
from tests.unit.trainer.continual.test_erasure import example
from trainer.watch.rounds import LABELS, Rounds

KEY = "k" * 40
PATIENT = "0" * 32


def letter(topic: str, place: FeedbackPlace, reason: DeadLetterReason) -> SimpleNamespace:
    origin = Origin(topic=topic, partition=place[0], offset=place[1])
    value = dead_letter(origin, reason)
    return SimpleNamespace(value=lambda: value.model_dump_json().encode())


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Offsets that the worker has committed, and the letters that it wrote."""
    broker = SimpleNamespace(committed={}, letters=[])

    def committed(asked: list[Any], _: float) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(partition=one.partition, offset=broker.committed.get(one.partition, -1001))
            for one in asked
        ]

    reader = SimpleNamespace(
        ends=lambda _: {(DEADLETTERS.name, 0): 0}, read_on=lambda *_: [broker.letters], close=lambda: None
    )
    monkeypatch.setattr(feedback_outcomes, "KafkaReader", lambda _: reader)
    consumer = SimpleNamespace(committed=committed, close=lambda: None)
    monkeypatch.setattr(feedback_outcomes, "Consumer", lambda _: consumer)
    return broker


def test_words_that_the_worker_has_passed_are_kept_or_have_a_letter(broker: SimpleNamespace) -> None:
    broker.committed = {0: 6}
    unknown = DeadLetterReason.MESSAGE_UNKNOWN
    broker.letters = [
        letter(FEEDBACK.name, (0, 5), unknown),
        letter(FEEDBACK.name, (0, 3), unknown),  # somebody else's word
        letter(MESSAGES.name, (0, 4), unknown),  # a message at a place of the same number
        SimpleNamespace(value=lambda: None),
    ]
    outcomes = FeedbackWatcher({}).wait([(0, 4), (0, 5)], timeout_s=5.0)
    assert (outcomes.kept, outcomes.dead_letters, outcomes.waiting) == (1, {"message_unknown": 1}, 0)
    assert str(outcomes) == "2 sent: 1 kept, 1 dead letters (message_unknown 1)"
    assert not outcomes.all_kept


def test_words_that_no_worker_takes_are_told_after_a_bounded_wait(broker: SimpleNamespace) -> None:
    broker.committed = {0: 6}
    outcomes = FeedbackWatcher({}).wait([(0, 5), (0, 6), (1, 0)], timeout_s=0.0)
    assert (outcomes.kept, outcomes.waiting) == (1, 2)
    assert "2 without an outcome: is the worker `learn` running?" in str(outcomes)
    assert Outcomes(1, Counter(), 0).all_kept


def test_a_patient_is_erased_under_the_name_that_admission_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("TRIAGE_PSEUDONYM_KEY", KEY)
    assert patient_pseudonym("MRN-1") == HmacPseudonymizer(KEY.encode()).pseudonym("patient", "MRN-1")
    monkeypatch.delenv("TRIAGE_PSEUDONYM_KEY")
    with pytest.raises(ConfigurationError, match="TRIAGE_PSEUDONYM_KEY is not set"):
        patient_pseudonym("MRN-1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "name --patient PSEUDONYM or --patient-id MRN"),
        (("--patient", "0" * 32, "--patient-id", "MRN-1"), "name --patient PSEUDONYM or --patient-id MRN"),
        (("--patient", "MRN-1"), "32 hexadecimal"),
        (("--patient-id", "MRN-1"), "Aborted"),
    ],
    ids=["none", "both", "no pseudonym", "not confirmed"],
)
def test_nothing_is_erased_by_mistake(
    options: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.cli.feedback.buffer_settings", lambda: pytest.fail("it went on"))
    done = CliRunner().invoke(app, ["feedback", "erase", *options], input="n\n", env={"COLUMNS": "200"})
    assert done.exit_code != 0
    assert told in done.output


@pytest.fixture
def erasing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """`triage feedback erase` with a buffer that holds so many messages of the patient; None: Redis is away."""
    case = SimpleNamespace(held=0, outcomes=Outcomes(1, Counter(), 0), sent=[], rounds=tmp_path / "rounds")

    @contextmanager
    def settings() -> Iterator[None]:
        yield

    def asked(*_: object) -> int:
        if case.held is None:
            raise Unavailable("redis")
        return int(case.held)

    def deliver(_: None, records: list[Any]) -> list[FeedbackPlace]:
        case.sent += records
        return [(0, 7)]

    watcher = SimpleNamespace(wait=lambda *_: case.outcomes, close=lambda: None)
    monkeypatch.setattr(feedback, "buffer_settings", settings)
    monkeypatch.setattr(feedback, "librdkafka_config", lambda _: {})
    monkeypatch.setattr(feedback, "FeedbackWatcher", lambda _: watcher)
    monkeypatch.setattr(feedback, "_deliver", deliver)
    monkeypatch.setattr(feedback, "asked", asked)

    def run() -> tuple[int, str]:
        places = ("--rounds", str(case.rounds), "--runs", str(tmp_path / "runs"))
        done = CliRunner().invoke(
            app, ["feedback", "erase", "--patient", PATIENT, "--yes", *places], env={"COLUMNS": "300"}
        )
        assert case.sent == [(PATIENT.encode(), None, [(CE_TYPE, ERASURE_TYPE.encode())])]
        return done.exit_code, done.output

    case.run = run
    return case


def test_an_erasure_of_somebody_of_whom_nothing_is_held_says_so_and_is_recorded(
    erasing: SimpleNamespace,
) -> None:
    status, said = erasing.run()
    assert status == 0
    assert said.startswith("Nothing was held of this patient: 0 messages in the buffer, 0 examples of rounds")
    assert "The erasure is recorded." in said
    assert "Erased" not in said


def test_an_erasure_says_on_how_many_messages_there_was_feedback(erasing: SimpleNamespace) -> None:
    erasing.held = 3
    status, said = erasing.run()
    assert status == 0
    assert said.startswith("Erased: all feedback on the patient in the buffer (3 messages).")


def test_what_a_round_held_alone_was_held(erasing: SimpleNamespace) -> None:
    Rounds(erasing.rounds).begin([example(PATIENT, "my chest hurts")], "count")
    assert "Erased: all feedback on the patient in the buffer (0 messages)." in erasing.run()[1]


def test_an_erasure_that_the_worker_has_not_reached_is_recorded_alone(erasing: SimpleNamespace) -> None:
    erasing.outcomes = Outcomes(1, Counter(), 1)
    status, said = erasing.run()
    assert status == 1
    assert said.startswith("Recorded, and to be erased by the worker `learn`: all feedback")


def test_an_erasure_is_recorded_while_nobody_can_say_what_is_held(erasing: SimpleNamespace) -> None:
    erasing.held = None
    status, said = erasing.run()
    assert status == 0
    assert "redis is away: how much is held is not known" in said
    assert "Erased: all feedback on the patient in the buffer." in said


def test_an_erasure_that_a_round_refuses_ends_with_1_and_says_what_was_done(erasing: SimpleNamespace) -> None:
    folder = Rounds(erasing.rounds).begin([example(PATIENT, "my chest hurts")], "count")
    (folder / LABELS).write_text("broken")
    status, said = erasing.run()
    assert status == 1
    assert f"{folder / LABELS}: 1 cells cannot be used" in said
    assert "Erased: all feedback on the patient in the buffer (0 messages)." in said
