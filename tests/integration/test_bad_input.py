"""Bad and unusual input through the real broker: each row of the table comes out as the documentation says."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.cli.cases import Case, CaseBook
from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback
from ops.local.stack import Stack
from schemas import DeadLetter, DeadLetterReason
from streams.topics import DIAGNOSES, URGENCIES
from tests.integration.bad_input import ROWS, SECRET, Dead, Row, markdown, message

pytestmark = pytest.mark.stack

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "bad-input.md"


@pytest.fixture(scope="module")
def played(stack: Stack) -> Iterator[Playback]:
    """All rows, one after the other, with all their outcomes."""
    bootstrap = str(stack.endpoints.kafka)
    follower = Follower(bootstrap, from_start=False)
    playback = Playback(Sender(bootstrap), follower, on_row=lambda _: None)
    for i, row in enumerate(ROWS):
        playback.send(row.build(f"row-{i}"), list(row.headers.items()))
    assert playback.wait(60).missing == 0
    yield playback
    follower.close()


def _outcome(playback: Playback, index: int) -> Case | DeadLetter:
    book: CaseBook = playback.book
    letter = book.dead_letters.get(playback.sender.origins[index])
    return letter if letter is not None else book.cases["bad-input", f"row-{index}"]


@pytest.mark.parametrize("index", range(len(ROWS)), ids=[row.what for row in ROWS])
def test_each_row_ends_as_the_table_says(played: Playback, index: int) -> None:
    row: Row = ROWS[index]
    found = _outcome(played, index)
    if isinstance(row.outcome, Dead):
        assert isinstance(found, DeadLetter)
        assert (found.reason, found.path) == (row.outcome.reason, row.outcome.path)
        assert SECRET not in found.model_dump_json()
        return
    assert isinstance(found, Case)
    assert found.admitted is not None
    assert found.urgency is not None
    assert found.diagnosis is not None
    assert set(row.outcome.flags) <= set(found.admitted.quality_flags)
    assert set(row.outcome.nulled) == set(found.admitted.out_of_range_fields)
    reasons = {reason for review in found.reviews for reason in review.reasons}
    assert set(row.outcome.reviews) <= reasons
    if row.outcome.withheld:
        assert found.diagnosis.label is None
        assert found.urgency.provisional


def test_an_identical_copy_is_decided_once_and_other_content_is_a_conflict(playback: Playback) -> None:
    first = message(message_id="same-id", text="My knee hurts")
    other = {**first, "text": "My elbow hurts"}
    playback.send(json.dumps(first).encode())
    playback.wait(30)  # raw records without a key have no order among each other
    for document in (first, other):
        playback.send(json.dumps(document).encode())
    playback.wait(30)
    playback.follow(2.0)
    summary = playback.summary()
    assert (summary.decided, summary.missing) == (1, 0)
    assert summary.dead_letters == {DeadLetterReason.MESSAGE_ID_CONFLICT.value: 1}
    decision_copies = {topic: playback.book.copies[topic] for topic in (DIAGNOSES.name, URGENCIES.name)}
    assert set(decision_copies.values()) == {0}, "the copy must not even produce events"
    (letter,) = playback.book.dead_letters.values()
    assert (letter.message_id, letter.path) == ("same-id", "message_id")


def test_the_workers_live_on_and_no_log_holds_patient_text(
    played: Playback, logs: Callable[[], str], stack: Stack
) -> None:
    played.send(json.dumps(message(message_id="after-all", text="My knee hurts")).encode())
    assert played.wait(30).missing == 0
    status = stack.status()
    assert status is not None
    assert {name: status.parts[name].restarts for name in ("admit", "assess")} == {"admit": 0, "assess": 0}
    text = logs()
    assert "admit" in text
    assert SECRET not in text


def test_the_documentation_shows_the_tested_table() -> None:
    assert markdown() in DOCUMENT.read_text(encoding="utf-8"), "copy the output of bad_input.markdown()"
