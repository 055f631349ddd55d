"""What each step has to show: functions of what was seen. Nothing here asks, waits or runs anything."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops.cli.summary import Summary
from ops.learning.demo.account import Finding
from schemas import ClinicianFeedback, ShadowSummary
from trainer.gate.paired import Compared
from trainer.metrics import Figure

__all__ = [
    "BY_RULES",
    "Decision",
    "Requests",
    "all_decided",
    "better",
    "decided_by",
    "decides",
    "ended_as",
    "gate_passed",
    "gate_refused",
    "live_is",
    "no_request_failed",
    "not_worse",
    "nothing_left",
    "only_named",
    "released_by_the_gate",
    "rolled_back",
    "shadow_compared",
    "taken_over",
    "words_kept",
]

BY_RULES = "rules alone"
_LAST = 20


@dataclass(frozen=True, slots=True)
class Requests:
    """Counts since the start: the model server's own, and the errors that the worker met there."""

    succeeded: int
    failed: int
    worker_errors: int


@dataclass(frozen=True, slots=True)
class Decision:
    """Which version decided a message, and when the broker had it.

    `BY_RULES`: no version, as the model cannot read it (another language, no words).
    """

    version: str
    at: datetime


def all_decided(summary: Summary) -> Finding:
    """Everything sent so far has exactly one decision."""
    return Finding(
        "every message is decided once",
        f"{summary.sent} sent, {summary.decided} decided, {summary.missing} missing, "
        f"{summary.contradicted} contradicted, {summary.dead_letters.total()} dead letters",
        summary.complete and summary.sent > 0 and summary.dead_letters.total() == 0,
    )


def no_request_failed(before: Requests, after: Requests) -> Finding:
    """Requests to the model between two looks."""
    answered = after.succeeded - before.succeeded
    failed = after.failed - before.failed
    errors = after.worker_errors - before.worker_errors
    return Finding(
        "failed requests to the model",
        f"{failed} of {answered + failed}; {errors} errors met by the worker",
        failed == 0 and errors == 0 and answered > 0,
    )


def words_kept(words: Sequence[ClinicianFeedback], wrong: int, kept: int) -> Finding:
    """The buffer has every word. `wrong`: labels of theirs that differ from the truth."""
    overridden = sum(word.verdict == "overridden" for word in words)
    return Finding(
        "clinicians' words are in the buffer",
        f"{kept} of {len(words)}, {overridden} of them corrections; {wrong} of {2 * len(words)} labels wrong "
        f"({wrong / max(1, 2 * len(words)):.1%})",
        kept == len(words) > 0,
    )


def decides(version: str, decisions: Sequence[Decision]) -> bool:
    """The last of them that a model decided, and enough, are by this version."""
    last = _by_models(decisions)[-_LAST:]
    return len(last) == _LAST and set(last) == {version}


def decided_by(version: str, decisions: Sequence[Decision]) -> Finding:
    """All of these that a model decided were decided by one version."""
    by = Counter(decision.version for decision in decisions)
    return Finding(f"decided by version {version}", _counts(by), set(by) - {BY_RULES} == {version})


def taken_over(before: str, after: str, decisions: Sequence[Decision]) -> Finding:
    """One version decided, then the other; `decisions` in their order."""
    by = Counter(decision.version for decision in decisions)
    last = _by_models(decisions)[-_LAST:]
    return Finding(
        f"version {after} decides instead of {before}",
        f"{_counts(by)}; the last {len(last)} by {', '.join(sorted(set(last))) or 'nothing'}",
        decides(after, decisions) and set(by) <= {before, after, BY_RULES},
    )


def gate_passed(report: Mapping[str, Any]) -> Finding:
    """The gate lets the candidate through; checks that could not tell are named, and why they were accepted."""
    status = Counter(check["status"] for check in report["checks"])
    figure = ", ".join(f"{count} {name}" for name, count in sorted(status.items()))
    if report["blocking"]:
        figure += f"; refused for {'; '.join(report['blocking'])}"
    return Finding("the gate passes the candidate", figure, report["passed"] is True and not status["failed"])


def gate_refused(report: Mapping[str, Any], culprit: str) -> Finding:
    """The gate refuses, and names who labelled wrongly."""
    check = next((one for one in report["checks"] if one["name"] == "labellers"), None)
    named = check is not None and check["status"] == "failed" and check["cases"] == [culprit]
    told = "no check of labellers" if check is None else check["told"]
    return Finding(
        "the gate refuses the candidate", f"labellers: {told}", report["passed"] is False and named
    )


def only_named(culprit: str, found: Sequence[Mapping[str, Any]]) -> Finding:
    """Who was judged to label unlike all others is who did, and nobody else."""
    named = sorted({one["labeller"] for one in found if one["named"]})
    judged = {one["labeller"] for one in found}
    excess = max((one["excess"] for one in found if one["labeller"] == culprit), default=0.0)
    return Finding(
        "the labeller who flips is named",
        f"{', '.join(named) or 'nobody'} of {len(judged)} (about {excess:.0%} more wrong labels than others)",
        named == [culprit],
    )


def shadow_compared(summary: ShadowSummary, wanted: int) -> Finding:
    """The candidate has answered beside the live version."""
    answered = max(1, summary.messages - summary.unanswered)
    return Finding(
        "the candidate answers in the shadow",
        f"{summary.messages} live messages compared, {summary.unanswered} unanswered; the same level "
        f"{summary.same_level / answered:.0%}, the same diagnosis {summary.same_label / answered:.0%}",
        summary.messages >= wanted and summary.unanswered == 0,
    )


def live_is(version: str, seen: str) -> Finding:
    """Which version is live."""
    return Finding("live version", f"{seen}", seen == version)


def ended_as(outcome: str, told: str) -> Finding:
    """A command told this outcome. `told`: what it printed."""
    lines = told.strip().splitlines()
    return Finding("the round ends", lines[-1] if lines else "without a word", outcome in lines)


def released_by_the_gate(history: Sequence[Mapping[str, Any]], version: str) -> Finding:
    """The steps of `version` in their order, its promotion with a report of the gate, and nothing else promoted."""
    steps = [one["step"] for one in history if one["version"] == version]
    promoted = [one for one in history if one["step"] == "promoted"]
    by_gate = (
        len(promoted) == 1 and bool(promoted[0]["gate_report_sha256"]) and not promoted[0]["without_gate"]
    )
    last = history[-1]["step"] if history else ""
    return Finding(
        f"steps of version {version}",
        ", ".join(steps) + f"; then {last} to version {history[-1]['version'] if history else ''}",
        steps == ["installed", "shadowing", "shadowed", "promoted"] and by_gate and last == "rolled_back",
    )


def rolled_back(
    before: str,
    after: str,
    decisions: Sequence[Decision],
    asked_at: datetime,
    recorded_at: datetime,
    limit_s: float,
) -> Iterator[Finding]:
    """From the rollback's record to the first decision by the version before; `decisions` in their order.

    The command took from `asked_at` on; how long an interpreter takes to start says more of the machine than of this.
    """
    first_at = min((d.at for d in decisions if d.version == after and d.at >= recorded_at), default=None)
    if first_at is None:
        yield Finding(f"a decision by version {after}", "none since the rollback", ok=False)
        return
    took_s, whole_s = ((first_at - since).total_seconds() for since in (recorded_at, asked_at))
    yield Finding(
        f"from the rollback to a decision by version {after}",
        f"{took_s:.1f} s of {limit_s:.0f}; {whole_s:.1f} s with the start of the command",
        took_s <= limit_s,
    )
    yield taken_over(before, after, decisions)


def better(what: str, live: Figure, candidate: Figure, compared: Compared) -> Finding:
    """The candidate is better beyond chance (one-sided, 5 %)."""
    return Finding(
        f"{what} is better",
        f"{_percent(live)} before, {_percent(candidate)} after; at least {-100 * compared.at_most:+.1f} points",
        compared.at_most < 0,
    )


def not_worse(what: str, live: Figure, candidate: Figure, compared: Compared) -> Finding:
    """The candidate is not worse beyond chance (one-sided, 5 %); that it is good enough is the gate's to show."""
    return Finding(
        f"{what} is not worse",
        f"{_percent(live)} before, {_percent(candidate)} after; at most {100 * compared.at_most:+.1f} points worse",
        compared.at_least <= 0,
    )


def nothing_left(processes: Sequence[int], ports: Sequence[int], *, folder: bool, models: bool) -> Finding:
    """Nothing of the stack runs or listens, its folder is gone, and `model_repo` is what it was."""
    wrong = [f"processes {list(processes)}"] if processes else []
    wrong += [f"ports {list(ports)}"] if ports else []
    wrong += ["its folder"] if folder else []
    wrong += ["model_repo has changed"] if models else []
    return Finding("nothing is left behind", "; ".join(wrong) or "no process, port or file", not wrong)


def _by_models(decisions: Sequence[Decision]) -> list[str]:
    return [decision.version for decision in decisions if decision.version != BY_RULES]


def _counts(by: Mapping[str, int]) -> str:
    return ", ".join(f"{count} by {version}" for version, count in sorted(by.items())) or "nothing"


def _percent(figure: Figure) -> str:
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f}-{100 * figure.high:.1f})"
