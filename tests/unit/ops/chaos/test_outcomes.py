"""Every way in which a message can go wrong is found, and nothing else is."""

import pytest

from ops.chaos.checker.events import DIAGNOSES, EXPRESS, URGENCIES, UnreadableEvent, parse
from tests.unit.ops.chaos.made_run import MadeRun


def test_a_run_in_which_all_went_well_passes() -> None:
    run = MadeRun()
    for message_id in "abc":
        run.finish(run.send(message_id))
    run.bury(run.send(None, poison=True))
    verdict = run.judge()
    assert verdict.passed
    document = verdict.document()
    counts = {name: document[name] for name in ("accepted", "decided", "dead_lettered", "copies", "lost")}
    assert counts == {"accepted": 4, "decided": 3, "dead_lettered": 1, "copies": 0, "lost": 0}


def test_a_message_without_any_outcome_is_lost() -> None:
    run = MadeRun()
    run.finish(run.send("a"))
    run.send("b")
    verdict = run.judge()
    assert verdict.outcomes.lost == [1]
    assert not verdict.passed


def test_an_admitted_message_that_was_never_decided_is_lost() -> None:
    run = MadeRun()
    run.admit(run.send("a"))
    assert run.judge().outcomes.lost == [0]


@pytest.mark.parametrize("topic", [DIAGNOSES, URGENCIES])
def test_half_a_decision_is_none(topic: str) -> None:
    run = MadeRun()
    run.finish(run.send("a"), topics=(topic,))
    assert run.judge().outcomes.lost == [0]


def test_poison_without_a_dead_letter_is_lost() -> None:
    run = MadeRun()
    run.send(None, poison=True)
    assert run.judge().outcomes.lost == [0]


def test_a_record_that_kafka_acknowledged_and_does_not_hold_has_vanished() -> None:
    run = MadeRun()
    run.finish(run.send("a"))
    run.log.raw.clear()
    verdict = run.judge()
    assert verdict.outcomes.vanished == [0]
    assert not verdict.passed


@pytest.mark.parametrize("change", [{"level": 2}, {"label": "cancer"}])
def test_a_second_decision_that_says_something_else_conflicts(change: dict[str, object]) -> None:
    run = MadeRun()
    record = run.send("a")
    run.finish(record)
    run.decide(record, **change)  # type: ignore[arg-type]  # one of its keyword arguments
    verdict = run.judge()
    assert verdict.outcomes.conflicting == ["chaos\x1fa"]
    assert not verdict.passed


def test_a_copy_of_a_decision_by_another_worker_is_counted_and_allowed() -> None:
    run = MadeRun()
    record = run.send("a")
    run.finish(record)
    run.decide(record, worker="w2")
    verdict = run.judge()
    assert verdict.passed
    assert verdict.duplicates[DIAGNOSES] == verdict.duplicates[URGENCIES] == 1
    assert verdict.duplicate_rate == 1.0


def test_a_decision_and_a_dead_letter_for_one_message_conflict() -> None:
    run = MadeRun()
    record = run.send("a")
    place = run.admit(record)
    run.decide(record)
    run.bury(record, at=place, reason="model_rejected")
    verdict = run.judge()
    assert verdict.outcomes.conflicting == ["chaos\x1fa"]
    assert verdict.outcomes.blamed == [0]
    assert not verdict.passed


def test_two_dead_letters_of_one_record_with_other_reasons_conflict() -> None:
    run = MadeRun()
    record = run.send(None, poison=True)
    run.bury(record, reason="not_json")
    run.bury(record, reason="not_utf8")
    assert not run.judge().passed


def test_a_decision_about_a_message_that_nobody_sent_is_a_phantom() -> None:
    run = MadeRun()
    record = run.send("a")
    run.finish(record)
    run.accepted.clear()
    verdict = run.judge()
    assert verdict.outcomes.phantoms == ["chaos\x1fa"]
    assert not verdict.passed


def test_a_dead_letter_of_a_record_that_nobody_sent_is_a_phantom() -> None:
    run = MadeRun()
    run.bury(run.send(None, poison=True))
    run.accepted.clear()
    assert run.judge().outcomes.phantoms == ["triage.messages.v1-0-0"]


def test_an_identical_copy_of_a_message_needs_no_outcome_of_its_own() -> None:
    run = MadeRun()
    run.finish(run.send("a"))
    run.admit(run.send("a"))
    verdict = run.judge()
    assert verdict.passed
    assert (verdict.outcomes.decided, verdict.outcomes.copies) == (1, 1)


def test_the_second_content_of_an_id_has_to_be_a_dead_letter() -> None:
    run = MadeRun()
    run.finish(run.send("a", "first"))
    second = run.send("a", "second")
    place = run.admit(second)
    assert run.judge().outcomes.lost == [1]
    run.bury(second, at=place, reason="message_id_conflict")
    verdict = run.judge()
    assert verdict.passed
    assert (verdict.outcomes.decided, verdict.outcomes.dead_lettered) == (1, 1)
    assert verdict.outcomes.blamed == []


def test_the_express_one_of_two_contents_may_be_the_first() -> None:
    run = MadeRun()
    first, second = run.send("a", "first"), run.send("a", "second")
    run.admit(second, lane=EXPRESS)
    run.decide(second)
    run.bury(first, at=run.admit(first), reason="message_id_conflict")
    assert run.judge().passed


def test_two_contents_of_an_id_that_are_both_decided_conflict_while_the_store_of_ids_was_there() -> None:
    run = MadeRun()
    run.finish(run.send("a", "first"), level=2)
    run.finish(run.send("a", "second"), level=4)
    run.fault("kill_redis", target="redis")
    run.faults[0] = type(run.faults[0])("kill_redis", "redis", 1, 2, 3, "began")  # long before
    assert run.judge().outcomes.conflicting == ["chaos\x1fa"]


def test_two_contents_of_an_id_that_are_both_decided_while_the_store_of_ids_was_away_diverge() -> None:
    run = MadeRun()
    run.finish(run.send("a", "first"), level=2)
    run.fault("kill_redis", target="redis", lasts_ms=10)
    run.finish(run.send("a", "second"), level=4)
    verdict = run.judge()
    assert verdict.outcomes.diverged == ["chaos\x1fa"]
    assert verdict.outcomes.conflicting == []


def test_an_outage_of_the_store_of_ids_excuses_no_contradiction_about_one_content() -> None:
    run = MadeRun()
    record = run.send("a")
    run.finish(record, level=2)
    run.fault("kill_redis", target="redis", lasts_ms=10)
    run.decide(record, level=4)
    assert run.judge().outcomes.conflicting == ["chaos\x1fa"]


def test_poison_that_was_decided_is_told() -> None:
    run = MadeRun()
    run.finish(run.send("a", poison=True))
    assert run.judge().outcomes.pardoned == [0]


def test_a_second_request_for_review_with_the_same_id_counts_as_a_copy() -> None:
    run = MadeRun()
    record = run.send("a")
    run.finish(record)
    run.review(record)
    run.review(record)
    verdict = run.judge()
    assert verdict.document()["duplicated"] == 1
    assert verdict.passed


def test_a_redelivered_raw_record_counts_as_a_copy_on_its_lane_and_a_second_record_does_not() -> None:
    run = MadeRun()
    record, copy = run.send("a"), run.send("a")
    for sent in (record, copy, copy):
        run.admit(sent)
    run.decide(record)
    assert run.judge().document()["duplicated"] == 1


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b'{"event_id": "x", "origin": "y"}'])
def test_a_record_that_is_no_event_is_refused(value: bytes | None) -> None:
    with pytest.raises(UnreadableEvent, match=f"{DIAGNOSES}-3-7"):
        parse(DIAGNOSES, 3, 7, 0, b"", value)


def test_an_unreadable_record_fails_the_run() -> None:
    run = MadeRun()
    run.log.unreadable.append("triage.diagnoses.v1-0-0")
    assert not run.judge().passed


def test_a_review_that_is_asked_for_again_for_another_reason_conflicts() -> None:
    run = MadeRun()
    run.finish(record := run.send("a"))
    run.review(record)
    run.review(record)
    assert run.judge().passed
    run.review(record, reason="out_of_domain")
    verdict = run.judge()
    assert len(verdict.outcomes.conflicting) == 1
    assert not verdict.passed


def test_a_dead_letter_of_a_valid_message_fails_the_run() -> None:
    run = MadeRun()
    run.finish(run.send("a"))
    assert run.judge().passed
    run.bury(run.send("b"), reason="internal_error")
    verdict = run.judge()
    assert verdict.outcomes.blamed == [1]
    assert not verdict.passed


def test_poison_that_was_decided_fails_the_run() -> None:
    run = MadeRun()
    run.finish(run.send("a", poison=True))
    verdict = run.judge()
    assert verdict.outcomes.pardoned == [0]
    assert not verdict.passed


@pytest.mark.parametrize("topic", [DIAGNOSES, URGENCIES])
def test_a_decision_that_waits_for_a_clinician_whom_nobody_asked_has_lost_its_review(topic: str) -> None:
    run = MadeRun()
    record = run.send("a")
    run.admit(record)
    for decided in (DIAGNOSES, URGENCIES):
        run.decide(record, topics=(decided,), waits=decided == topic)
    verdict = run.judge()
    assert verdict.outcomes.unreviewed == ["chaos\x1fa"]
    assert verdict.document()["lost_reviews"] == 1
    assert not verdict.passed
    run.review(record)
    assert run.judge().passed


def test_neither_an_audit_nor_a_notice_of_waiting_stands_for_the_review_of_a_decision() -> None:
    run = MadeRun()
    record = run.send("a")
    run.finish(record, waits=True)
    run.review(record, "random_audit", blind=True)
    run.review(record, "model_unavailable", version=None)
    assert run.judge().outcomes.unreviewed == ["chaos\x1fa"]


def test_a_review_of_another_message_is_not_the_one_that_is_missing() -> None:
    run = MadeRun()
    run.finish(run.send("a"), waits=True)
    other = run.send("b")
    run.finish(other)
    run.review(other)
    assert run.judge().outcomes.unreviewed == ["chaos\x1fa"]


def test_a_diagnosis_and_an_urgency_by_two_versions_conflict_though_each_is_there_once() -> None:
    run = MadeRun()
    record = run.send("a")
    run.admit(record)
    run.decide(record, topics=(DIAGNOSES,), version="1")
    run.decide(record, topics=(URGENCIES,), version="2")
    verdict = run.judge()
    assert verdict.outcomes.conflicting == ["chaos\x1fa"]
    assert not verdict.passed


def test_a_review_that_repeats_a_decision_by_another_version_conflicts() -> None:
    run = MadeRun()
    run.finish(record := run.send("a"), version="1")
    run.review(record, version="2")
    assert run.judge().outcomes.conflicting == ["chaos\x1fa"]


def test_what_each_version_decided_is_counted() -> None:
    run = MadeRun()
    for message_id, version in (("a", "1"), ("b", "2"), ("c", "2")):
        run.finish(run.send(message_id), version=version)
    verdict = run.judge()
    assert verdict.passed
    assert verdict.document()["decided_by_version"] == {"1": 1, "2": 2}
