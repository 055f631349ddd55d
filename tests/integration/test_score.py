"""`triage score` says what the streams say, whatever a message is batched with."""

import asyncio
import json
import random
from typing import Any

import pytest

from ops.cli.cases import Case
from ops.cli.demo import patient_message
from ops.cli.play import Playback
from ops.cli.scoring import Scorer, scoring_settings
from ops.local.stack import Stack
from schemas import ReviewReason
from streams.wiring import admission, assessment
from tests.integration.bad_input import message
from trainer.corpus import generate

pytestmark = pytest.mark.stack

COUNT = 120


@pytest.fixture(scope="module")
def payloads() -> list[bytes]:
    """Generated messages, a few broken ones and a very long one."""
    documents = [
        patient_message(item, f"score-{i}", patient=f"P{i % 30}")
        for i, item in enumerate(generate(COUNT, seed=5))
    ]
    documents.append(message(message_id="score-long", text="It hurts in my chest. " * 400))
    documents.append(message(message_id="score-zh", text="我胸口疼", language=...))
    return [*(json.dumps(document).encode() for document in documents), b'{"broken": ', b"[]"]


def _score(stack: Stack, payloads: list[bytes], batch: int) -> list[dict[str, Any]]:
    settings = scoring_settings(str(stack.endpoints.triton_grpc))

    async def run() -> list[dict[str, Any]]:
        scorer = Scorer(admission(settings), assessment(settings))
        rows: list[dict[str, Any]] = []
        for start in range(0, len(payloads), batch):
            rows += await scorer.score(payloads[start : start + batch], start)
        return rows

    return asyncio.run(run())


def test_results_keep_the_order_and_name_errors(stack: Stack, payloads: list[bytes]) -> None:
    rows = _score(stack, payloads, 64)
    assert [row["message_id"] for row in rows[:COUNT]] == [f"score-{i}" for i in range(COUNT)]
    assert [row["error"]["code"] for row in rows[-2:]] == ["not_json", "field_invalid"]


def test_a_score_does_not_depend_on_the_batch(stack: Stack, payloads: list[bytes]) -> None:
    shuffled = payloads.copy()
    random.Random(1).shuffle(shuffled)
    alone = _score(stack, payloads, 1)
    together = dict(zip(shuffled, _score(stack, shuffled, 64), strict=True))
    assert alone == [together[payload] for payload in payloads]


def test_a_score_equals_the_events_on_the_topics(
    stack: Stack, playback: Playback, payloads: list[bytes]
) -> None:
    playback.play(payloads)
    assert playback.wait(60).missing == 0
    rows = _score(stack, payloads, 64)
    assert {row["needs_review"] for row in rows if row["error"] is None} == {True, False}
    for row in rows:
        if row["error"] is not None:
            continue
        case = next(case for key, case in playback.book.cases.items() if key[1] == row["message_id"])
        assert case.diagnosis is not None
        assert case.urgency is not None
        assert case.diagnosis.label == row["diagnosis"]
        assert case.diagnosis.probabilities == row["diagnosis_probabilities"]
        assert (case.urgency.level, case.urgency.provisional) == (row["urgency_level"], row["provisional"])
        assert list(case.urgency.probabilities or ()) == (row["urgency_probabilities"] or [])
        assert [rule.rule_id for rule in case.urgency.rules] == row["rules"]
        assert _reasons(case) == set(row["review_reasons"])
        assert bool(row["review_reasons"]) == row["needs_review"]


def _reasons(case: Case) -> set[ReviewReason]:
    """Leaves out what is not about the message: the random audit, and that the model was away for a while."""
    reasons = {reason for review in case.reviews for reason in review.reasons}
    return reasons - {ReviewReason.RANDOM_AUDIT, ReviewReason.MODEL_UNAVAILABLE}
