"""What decides whether the demo came out: each verdict must be able to fail."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ops.cli.summary import Summary
from ops.learning.demo import verdicts
from ops.learning.demo.account import Account, Finding, StepFailed
from ops.learning.demo.clinicians import Clinician, Judged, words_on
from ops.learning.demo.leftovers import Leftovers
from ops.learning.demo.live import counted
from ops.learning.demo.verdicts import Decision, Requests
from ops.learning.demo.wards import FIRST, SECOND, held_out, stream
from schemas import ShadowSummary
from trainer.gate.paired import Compared
from trainer.metrics import Figure

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SUMMARY = Summary(
    sent=3,
    decided=3,
    dead_letters=Counter(),
    duplicates=0,
    missing=0,
    contradicted=0,
    diagnoses=Counter(),
    levels=Counter(),
    provisional=0,
    reviews=Counter(),
    copied_events=0,
    unreadable=0,
    latencies_ms=(),
)


def decisions(*versions: str) -> list[Decision]:
    return [Decision(version, NOW + timedelta(seconds=number)) for number, version in enumerate(versions)]


def compared(at_most: float, at_least: float = -0.1) -> Compared:
    return Compared(
        n=100, effective_n=90, live=0.9, candidate=0.9, at_least=at_least, at_most=at_most, power=0.9
    )


FIGURE = Figure(0.9, 0.85, 0.95, 100)


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({}, True),
        ({"missing": 1}, False),
        ({"contradicted": 1}, False),
        ({"dead_letters": Counter(not_json=1)}, False),
        ({"sent": 0, "decided": 0}, False),
    ],
)
def test_every_message_is_decided_or_the_step_fails(changes: dict[str, Any], ok: bool) -> None:
    assert verdicts.all_decided(replace(SUMMARY, **changes)).ok is ok


@pytest.mark.parametrize(
    ("after", "ok"),
    [
        (Requests(110, 0, 0), True),
        (Requests(110, 1, 0), False),
        (Requests(110, 0, 1), False),
        (Requests(100, 0, 0), False),
    ],
)
def test_one_failed_request_is_too_many_and_none_at_all_show_nothing(after: Requests, ok: bool) -> None:
    assert verdicts.no_request_failed(Requests(100, 0, 0), after).ok is ok


def test_requests_are_summed_over_models_versions_and_reasons() -> None:
    text = """# TYPE nv_inference_request_success counter
nv_inference_request_success{model="triage_bert",version="1"} 40
nv_inference_request_success{model="triage_bert",version="2"} 2
# TYPE nv_inference_request_failure counter
nv_inference_request_failure{model="triage_bert",reason="BACKEND",version="1"} 1
nv_inference_request_failure{model="triage_bert",reason="OTHER",version="2"} 2
"""
    sums = counted(text)
    assert sums["nv_inference_request_success_total"] == 42
    assert sums["nv_inference_request_failure_total"] == 3


def test_a_version_has_taken_over_where_all_of_the_last_decisions_are_its_own() -> None:
    assert verdicts.taken_over("1", "2", decisions(*"111", *"2" * 20)).ok
    assert not verdicts.taken_over("1", "2", decisions(*"2" * 19)).ok
    assert not verdicts.taken_over("1", "2", decisions(*"2" * 20, "1")).ok
    assert not verdicts.taken_over("1", "2", decisions("3", *"2" * 20)).ok
    assert verdicts.decided_by("1", decisions("1", verdicts.BY_RULES, "1")).ok
    assert not verdicts.decided_by("1", decisions(verdicts.BY_RULES)).ok
    assert verdicts.taken_over("1", "2", decisions("1", *"2" * 20, verdicts.BY_RULES)).ok
    assert not verdicts.decided_by("1", decisions("1", "2")).ok
    assert not verdicts.decided_by("1", []).ok


def test_a_rollback_is_timed_from_its_record_to_a_decision_by_the_version_before() -> None:
    seen, recorded_at = decisions("1", *"222", *"1" * 20), NOW + timedelta(seconds=2)

    def found(limit_s: float) -> list[Finding]:
        return list(verdicts.rolled_back("2", "1", seen, NOW, recorded_at, limit_s))

    assert [one.ok for one in found(2.0)] == [True, True]
    assert [one.ok for one in found(1.9)] == [False, True]
    assert found(5.0)[0].figure == "2.0 s of 5; 4.0 s with the start of the command"
    never = verdicts.rolled_back("2", "1", decisions("1", *"2" * 30), NOW, recorded_at, 5.0)
    assert not any(one.ok for one in never)


def report(*checks: tuple[str, str], passed: bool = True, cases: tuple[str, ...] = ()) -> dict[str, Any]:
    made = [{"name": name, "status": status, "told": "", "cases": list(cases)} for name, status in checks]
    return {"passed": passed, "blocking": [] if passed else ["x"], "checks": made}


def test_the_gate_has_passed_only_where_nothing_failed() -> None:
    assert verdicts.gate_passed(report(("a", "passed"), ("b", "underpowered"))).ok
    assert not verdicts.gate_passed(report(("a", "passed"), ("b", "failed"))).ok
    assert not verdicts.gate_passed(report(("a", "passed"), passed=False)).ok


def test_the_gate_refuses_for_the_labeller_and_for_nobody_else() -> None:
    assert verdicts.gate_refused(report(("labellers", "failed"), passed=False, cases=("c-x",)), "c-x").ok
    for other in (
        report(("labellers", "failed"), passed=False, cases=("c-1", "c-x")),
        report(("labellers", "passed"), passed=False),
        report(("labellers", "failed"), cases=("c-x",)),
        report(("calibration error", "failed"), passed=False),
    ):
        assert not verdicts.gate_refused(other, "c-x").ok


def test_naming_an_honest_labeller_fails_the_step() -> None:
    found = [
        {"labeller": name, "named": name == "c-x", "excess": 0.3, "task": task}
        for name in ("c-1", "c-x")
        for task in ("diagnosis", "urgency")
    ]
    assert verdicts.only_named("c-x", found).ok
    assert not verdicts.only_named("c-x", [{**one, "named": True} for one in found]).ok
    assert not verdicts.only_named("c-x", [{**one, "named": False} for one in found]).ok


def test_better_and_worse_are_both_beyond_chance() -> None:
    assert verdicts.better("f1", FIGURE, FIGURE, compared(-0.01)).ok
    assert not verdicts.better("f1", FIGURE, FIGURE, compared(0.0)).ok
    assert verdicts.not_worse("f1", FIGURE, FIGURE, compared(0.05, at_least=0.0)).ok
    assert not verdicts.not_worse("f1", FIGURE, FIGURE, compared(0.05, at_least=0.01)).ok


def test_the_shadow_and_the_events_are_held_to_what_was_asked() -> None:
    fields = dict.fromkeys(ShadowSummary.model_fields, 0)
    assert verdicts.shadow_compared(ShadowSummary(**{**fields, "messages": 50}), 50).ok
    assert not verdicts.shadow_compared(ShadowSummary(**{**fields, "messages": 49}), 50).ok
    assert not verdicts.shadow_compared(ShadowSummary(**{**fields, "messages": 50, "unanswered": 1}), 50).ok
    steps = ("installed", "shadowing", "shadowed", "promoted")
    history = [
        {"version": "2", "step": step, "gate_report_sha256": "abc", "without_gate": None} for step in steps
    ]
    back = {"version": "1", "step": "rolled_back", "gate_report_sha256": None, "without_gate": None}
    assert verdicts.released_by_the_gate([*history, back], "2").ok
    assert not verdicts.released_by_the_gate(history, "2").ok
    without = {**history[-1], "gate_report_sha256": None, "without_gate": "in a hurry"}
    assert not verdicts.released_by_the_gate([*history[:-1], without, back], "2").ok


def test_what_is_left_behind_is_named(tmp_path: Path) -> None:
    assert verdicts.nothing_left([], [], folder=False, models=False).ok
    for left in ({"processes": [1]}, {"ports": [9092]}, {"folder": True}, {"models": True}):
        arguments: dict[str, Any] = {"processes": [], "ports": [], "folder": False, "models": False, **left}
        assert not verdicts.nothing_left(**arguments).ok
    leftovers = Leftovers.before(tmp_path)
    assert leftovers.found().figure == "its folder"


def test_clinicians_err_at_their_rate_and_the_one_who_flips_more() -> None:
    judged = [Judged(message, "normal", 3) for message in islice(stream(FIRST, seed=1), 400)]
    truth = {one.message.message_id: one.message.row for one in judged}

    def wrong(clinician: Clinician) -> float:
        words = list(words_on(judged, [clinician], seed=2))
        return sum(word.diagnosis != truth[word.message_id].diagnosis for word in words) / len(words)

    assert wrong(Clinician("c-1", 0.0)) == 0.0
    assert 0.02 < wrong(Clinician("c-1", 0.05)) < 0.09
    assert wrong(Clinician("c-x", 0.05, flips=0.4)) > 0.35
    pair = [Clinician("c-1", 0.0), Clinician("c-2", 0.0)]
    words = list(words_on(judged, pair, seed=2, shared=0.2))
    assert 430 < len(words) < 530
    assert len({word.feedback_id for word in words}) == len(words)
    assert {word.verdict.value for word in words} == {"accepted", "overridden"}


def test_the_second_ward_writes_otherwise_and_nothing_held_out_is_streamed() -> None:
    assert SECOND.rewritten("The BP is 150/90 mmHg, known HTN") == "tension 20-12 kpa, known hta"
    first, second = (list(islice(stream(ward, seed=1), 150)) for ward in (FIRST, SECOND))
    assert [one.row.diagnosis for one in first] == [one.row.diagnosis for one in second]
    assert sum(a.row.text != b.row.text for a, b in zip(first, second, strict=True)) > 140
    assert all(json.loads(one.payload)["text"] == one.row.text for one in second)
    assert len({one.message_id for one in [*first, *second]}) == 300
    apart = {row.group for row in held_out(FIRST, 150, seed=1)}
    assert apart.isdisjoint(one.row.group for one in first)


class TestAccount:
    def account(self, *, wanted: int = 1) -> Account:
        return Account(Console(quiet=True), wanted=wanted)

    def test_a_step_that_showed_something_else_ends_the_run(self) -> None:
        account = self.account()
        with pytest.raises(StepFailed), account.step("one"):
            account.found([Finding("a", "1", True), Finding("b", "2", False)])
        assert not account.ok
        assert [finding["ok"] for finding in json.loads(account.document())["steps"][0]["findings"]] == [
            True,
            False,
        ]

    def test_a_step_that_showed_nothing_has_failed(self) -> None:
        with pytest.raises(StepFailed), self.account().step("one"):
            pass

    def test_a_run_that_broke_off_is_not_ok(self) -> None:
        account = self.account(wanted=2)
        with account.step("one"):
            account.found([Finding("a", "1", True)])
        assert not account.ok
        with account.step("two"):
            account.found([Finding("b", "1", True)])
        assert account.ok
