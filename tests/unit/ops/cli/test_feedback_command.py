"""`triage feedback`: what became of words is told, and a patient is erased by the id that a hospital has."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import feedback_outcomes
from ops.cli.connection import patient_pseudonym
from ops.cli.feedback_outcomes import FeedbackPlace, FeedbackWatcher, Outcomes
from ops.cli.main import app
from schemas import DeadLetterReason, Origin
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.errors import ConfigurationError
from streams.topics import DEADLETTERS, FEEDBACK, MESSAGES
from tests.unit.streams.factories import dead_letter

KEY = "k" * 40


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
