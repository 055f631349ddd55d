"""Two thousand messages, each fault once: nothing is lost, nothing contradicts itself, order holds."""

from pathlib import Path

import pytest

from ops.chaos.faults import FAULTS
from ops.chaos.run import Plan, run
from ops.cli.stack import stack_config

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


def test_each_fault_once_loses_nothing_and_decides_nothing_twice(tmp_path: Path) -> None:
    plan = Plan(messages=2000, faults=len(FAULTS), rate=16.0, seed=1)
    verdict = run(stack_config(tmp_path / "data"), plan, tmp_path, lambda _: None)
    document = verdict.document()
    findings = (
        *("lost", "conflicting", "order_violations", "phantoms", "vanished", "unreadable"),
        *("dead_letters_of_valid_messages", "decided_poison", "lost_reviews"),
    )
    assert {name: document[name] for name in findings} == dict.fromkeys(findings, 0), document["examples"]
    assert (document["accepted"], document["faults"]) == (2000, len(FAULTS))
    assert set(document["decided_by_version"]) == {"1", "2"}, "both versions decided"
    accounted = ("decided", "dead_lettered", "copies", "diverged")
    assert sum(document[name] for name in accounted) >= 2000
