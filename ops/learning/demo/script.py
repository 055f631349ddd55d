"""The run, top to bottom. Each step is a function that says what it saw; the first that fails ends the run."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ops.learning.demo import verdicts
from ops.learning.demo.account import Account, Finding, StepFailed
from ops.learning.demo.clinicians import Clinician, Judged, words_on
from ops.learning.demo.flow import Flow
from ops.learning.demo.held_out import judged_on
from ops.learning.demo.leftovers import Leftovers, ports_of
from ops.learning.demo.live import CommandFailed, Live, live_stack
from ops.learning.demo.verdicts import Requests
from ops.learning.demo.wards import FIRST, SECOND, WardMessage, held_out, stream
from ops.learning.round import Outcome
from schemas import ClinicianFeedback, ShadowSummary
from trainer.data.rows import Row
from trainer.runs import RunFolder

__all__ = ["STEPS", "Plan", "run"]

STEPS = 9
_WATCH = ("train", "watch", "--once")
_SETTLE_TIMEOUT_S, _POLL_S = 120.0, 0.2
_FIRST_VERSION = "1"
_LOW_POWER = "demo: the held-back part of a few hundred labels cannot show two points"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is sent and said. `per_s`: messages a second; `beside_per_s`, `release_per_s`: during a round, and while
    the live version changes.
    """

    seed: int = 20261126
    first: int = 150
    second: int = 450
    held_out: int = 600
    poisoned: int = 150
    shadowed: int = 60
    error: float = 0.05
    flips: float = 0.4
    shared: float = 0.2
    clinicians: int = 5
    per_s: float = 25.0
    beside_per_s: float = 3.0
    release_per_s: float = 8.0
    rollback_limit_s: float = 5.0

    @property
    def honest(self) -> list[Clinician]:
        """Those who err now and then."""
        return [Clinician(f"c-{number}", self.error) for number in range(1, self.clinicians + 1)]

    @property
    def poisoner(self) -> Clinician:
        """Who flips labels on purpose."""
        return Clinician("c-poison", self.error, self.flips)


@dataclass(slots=True)
class _Run:
    """`began_with`: the version that decides at first; `started`: counts of requests then."""

    plan: Plan
    account: Account
    live: Live
    flow: Flow
    began_with: str
    started: Requests
    messages: Iterator[WardMessage]  # of the second ward
    said: list[ClinicianFeedback] = field(default_factory=list)
    candidate: str = ""

    def step_stream(self) -> None:
        """Messages of the first ward, then of the second; clinicians say what is right."""
        with self.account.step("The wording changes midway, and clinicians correct what is decided") as step:
            plan = self.plan
            judged = self.flow.play(stream(FIRST, seed=plan.seed), plan.first, per_s=plan.per_s)
            self.account.say(f"{len(judged)} messages of the ward that the model knows")
            judged += self.flow.play(self.messages, plan.second, per_s=plan.per_s)
            self.account.say(f"{plan.second} of another one: {SECOND.says}")
            self.account.found([verdicts.all_decided(self.flow.wait())])
            self.account.found([verdicts.decided_by(self.began_with, self.flow.decisions())])
            self._say(judged, plan.honest, seed=plan.seed)
            step.facts["messages"] = len(judged)

    def step_round(self) -> None:
        """The watch begins a round by count; its candidate passes the gate and answers in the shadow."""
        with self.account.step(
            "Their words become a candidate, which the gate judges and which shadows"
        ) as step:
            enough = str(len({word.message_id for word in self.said}) * 3 // 4)
            with self.flow.beside(self.messages, per_s=self.plan.beside_per_s):
                done = self.live.run(
                    *(*_WATCH, "--new-labels", enough, "--rounds", str(self._folder("rounds"))),
                    *("--out", str(self._folder("runs")), "--accept-low-power", _LOW_POWER),
                    *("--shadow-share", "1.0", "--shadow-messages", str(self.plan.shadowed)),
                    ends_with=None,
                )
            self.account.say(_line_with(done.stderr, "new labels"))
            self.account.found([verdicts.ended_as(Outcome.SHADOWING, done.stderr)])
            if not self._gate_report.exists():
                return  # the round ended before the gate: the finding above says how, and fails the step
            report = json.loads(self._gate_report.read_bytes())
            self.account.found([verdicts.gate_passed(report)])
            for check in report["checks"]:
                if check["status"] != "passed":
                    word = "accepted" if check["status"] == "underpowered" else "refused"
                    self.account.say(f"{word}: {check['name']} on {check['evidence']}: {check['told']}")
            if not report["passed"]:
                return  # nothing was installed: the findings say why, and fail the step
            history = self.live.told("models", "history")
            self.candidate = next(one["version"] for one in reversed(history) if one["step"] == "installed")
            shadow = next(one["shadow"] for one in reversed(history) if one["step"] == "shadowed")
            self.account.found(
                [verdicts.shadow_compared(ShadowSummary.model_validate(shadow), self.plan.shadowed)]
            )
            self.account.found([verdicts.all_decided(self.flow.wait())])
            self.account.found([verdicts.decided_by(self.began_with, self.flow.decisions())])
            step.facts["gate"] = report

    def step_promote(self) -> None:
        """Promoted with the gate's report while messages flow."""
        with self.account.step("The candidate is promoted while messages flow") as step:
            seen = len(self.flow.decided)
            with self.flow.beside(self.messages, per_s=self.plan.release_per_s):
                self.live.run("models", "promote", self.candidate, "--gate-report", str(self._gate_report))
                self._settle(self.candidate, seen)
            self.account.found([verdicts.all_decided(self.flow.wait())])
            self.account.found(
                [verdicts.taken_over(self.began_with, self.candidate, self.flow.decisions(seen))]
            )
            self.account.found([verdicts.no_request_failed(self.started, self.live.requests())])
            step.facts["version"] = self.candidate

    def step_better(self) -> None:
        """What nobody labelled, before and after."""
        with self.account.step("Held-out messages of both wards, before and after"):
            before, after = (self.live.version_dir(one) for one in (self.began_with, self.candidate))
            for ward, gains in ((SECOND, True), (FIRST, False)):
                rows: list[Row] = held_out(ward, self.plan.held_out, seed=self.plan.seed + 1)
                self.account.found(judged_on(f"the {ward.name} ward's", rows, before, after, gains=gains))

    def step_poisoned(self) -> None:
        """A clinician who flips labels: the round is refused, and so is a candidate made of those labels."""
        with self.account.step("A clinician flips labels: the round is refused") as step:
            plan, poisoner = self.plan, self.plan.poisoner
            judged = self.flow.play(self.messages, plan.poisoned, per_s=plan.per_s)
            self._say(judged, [poisoner, plan.honest[0], poisoner, plan.honest[1]], seed=plan.seed + 2)
            rounds, runs = self._folder("rounds"), self._folder("runs")
            done = self.live.run(
                *(*_WATCH, "--new-labels", str(plan.poisoned * 3 // 4), "--rounds", str(rounds)),
                *("--out", str(runs), "--accept-low-power", _LOW_POWER),
                ends_with=1,
            )
            self.account.found([verdicts.ended_as(Outcome.LABELLER_NAMED, done.stderr)])
            live, labels = str(self.live.version_dir(self.candidate)), str(rounds / "0002" / "labels.jsonl")
            self.live.run(
                *("train", "continue", "--from", live, "--new", labels),
                *("--set", "name=poisoned", "--out", str(runs)),
            )
            poisoned = RunFolder(runs / "poisoned").version_dir
            report = self.live.told(
                *("models", "gate", str(poisoned), "--against", live, "--new", labels, "--feedback"),
                *("--accept-low-power", _LOW_POWER),
                ends_with=1,
            )
            self.account.found([verdicts.gate_refused(report, poisoner.pseudonym)])
            self.account.found([verdicts.only_named(poisoner.pseudonym, report["labellers"])])
            self.account.found([verdicts.live_is(self.candidate, self.live_now())])
            step.facts["gate"] = report

    def step_roll_back(self) -> None:
        """One command; the version before decides again."""
        with self.account.step("A rollback while messages flow"):
            seen = len(self.flow.decided)
            with self.flow.beside(self.messages, per_s=self.plan.release_per_s):
                asked_at = datetime.now(UTC)
                self.live.run("models", "rollback", "--why", "demo")
                self._settle(self.began_with, seen)
            self.account.found([verdicts.all_decided(self.flow.wait())])
            step = self.live.told("models", "history")[-1]
            self.account.found(
                verdicts.rolled_back(
                    self.candidate,
                    self.began_with,
                    self.flow.decisions(seen),
                    asked_at,
                    datetime.fromisoformat(step["occurred_at"]),
                    self.plan.rollback_limit_s,
                )
            )
            self.account.found([verdicts.no_request_failed(self.started, self.live.requests())])

    def step_events(self) -> None:
        """What triage.models.v1 says of all this."""
        with self.account.step("What triage.models.v1 says") as step:
            history = self.live.told("models", "history")
            for one in history:
                gate = f", gate report {one['gate_report_sha256'][:8]}" if one["gate_report_sha256"] else ""
                self.account.say(f"{one['appended_at'][11:19]}  version {one['version']} {one['step']}{gate}")
            self.account.found([verdicts.released_by_the_gate(history, self.candidate)])
            step.facts["history"] = history

    def _say(self, judged: list[Judged], clinicians: list[Clinician], *, seed: int) -> None:
        truth = {one.message.message_id: one.message.row for one in judged}
        words = list(words_on(judged, clinicians, seed=seed, shared=self.plan.shared))
        self.live.say(words)
        self.said += words
        kept = self.live.words_kept(len(self.said)) - len(self.said) + len(words)
        wrong = sum(
            (word.diagnosis != truth[word.message_id].diagnosis)
            + (word.urgency != truth[word.message_id].urgency_level)
            for word in words
        )
        self.account.found([verdicts.words_kept(words, wrong, kept)])

    def _settle(self, version: str, seen: int) -> None:
        """Let messages flow until `version` decides them, or it has been waited for."""
        give_up_s = time.monotonic() + _SETTLE_TIMEOUT_S
        while time.monotonic() < give_up_s:
            if verdicts.decides(version, self.flow.decisions(seen)):
                return
            time.sleep(_POLL_S)

    @property
    def _gate_report(self) -> Path:
        return self._folder("runs") / "round-0001" / "gate" / "gate.json"

    def live_now(self) -> str:
        """The version that decides."""
        return str(self.live.told("models", "at", datetime.now(UTC).isoformat())["version"])

    def _folder(self, name: str) -> Path:
        return self.live.folder / name


def run(account: Account, plan: Plan, *, keep: Path | None = None) -> None:
    """Take every step on a stack of its own, and clean up; the account says how far it came.

    `keep`: a folder that the stack's logs and the output of every command are copied to. Raises StackError.
    """
    folder = Path(tempfile.mkdtemp(prefix="triage-demo-learning-"))
    leftovers = Leftovers.before(folder)
    try:
        with suppress(StepFailed):  # the account has it
            _on_a_stack(account, plan, leftovers)
    finally:
        if keep is not None:
            _copy_logs(folder, keep)
        shutil.rmtree(folder)
    with suppress(StepFailed), account.step("The stack is stopped"):
        account.found([leftovers.found()])


def _on_a_stack(account: Account, plan: Plan, leftovers: Leftovers) -> None:
    with ExitStack() as held:
        with account.step("A stack of its own: Kafka, Triton, Redis, admit, assess, learn"):
            live = held.enter_context(live_stack(leftovers.folder, _FIRST_VERSION))
            leftovers.ports = ports_of(live.stack)
            flow = held.enter_context(Flow(live.bootstrap))
            taken = _Run(
                plan,
                account,
                live,
                flow,
                began_with=_FIRST_VERSION,
                started=live.requests(),
                messages=stream(SECOND, seed=plan.seed),
            )
            account.found([verdicts.live_is(_FIRST_VERSION, taken.live_now())])
        try:
            taken.step_stream()
            taken.step_round()
            taken.step_promote()
            taken.step_better()
            taken.step_poisoned()
            taken.step_roll_back()
            taken.step_events()
        except CommandFailed as failed:
            account.found([Finding("every command ends as it should", str(failed), ok=False)])


def _copy_logs(folder: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for log in (folder / "commands.log", *(folder / "stack" / "logs").glob("*.log")):
        if log.exists():
            shutil.copy(log, to)


def _line_with(text: str, words: str) -> str:
    return next((line for line in text.splitlines() if words in line), "")
