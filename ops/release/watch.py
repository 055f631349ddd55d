"""Watches a promoted version for a while, and rolls it back by itself where it is worse than the one before."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, floor

from ops.release.errors import LostRace, NotReleasable
from ops.release.observed import TOPICS, Observed
from ops.release.regression import Finding, Limits, judge
from ops.release.release import Author, Release
from schemas import LifecycleStep
from streams.adapters.kafka_reader import KafkaReader

__all__ = ["Verdict", "looks", "watch"]

BY = "triage-watch"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rolled_back_to`: None where the version stood; `superseded`: somebody else changed the live version."""

    version: str
    findings: tuple[Finding, ...]
    rolled_back_to: str | None = None
    superseded: bool = False


def watch(
    release: Release,
    reader: KafkaReader,
    limits: Limits,
    *,
    window_s: float,
    every_s: float,
    told: Callable[[tuple[Finding, ...]], None],
) -> Verdict:
    """Look at what was decided `window_s` before and after the promotion, every `every_s`, until the window is over.

    The level of `limits` is shared among as many looks as the window has, whenever the watch begins. Started again
    after a crash, it reads the same records and goes on. Raises NotReleasable where the live version was not promoted,
    Unavailable while the brokers don't answer.
    """
    limits = replace(limits, looks=ceil(window_s / every_s))
    live = release.state().change
    promotion = next((recorded for recorded in release.steps() if recorded.step == live), None)
    if promotion is None or promotion.step.step is not LifecycleStep.PROMOTED:
        raise NotReleasable("the live version was not promoted: there is nothing to watch")
    version, before = promotion.step.version, str(promotion.step.previous_version)
    began_ms = int((promotion.appended_at - timedelta(seconds=window_s)).timestamp() * 1000)
    promoted_s = promotion.appended_at.timestamp()
    observed, findings = Observed(), tuple[Finding, ...]()
    positions = reader.offsets_at([topic.name for topic in TOPICS], began_ms)
    for _ in looks(promoted_s, window_s, every_s):
        for topic in TOPICS:
            for batch in reader.read_on([topic.name], positions):
                for record in batch:
                    observed.add(topic.name, record.value() or b"")
                    positions[topic.name, record.partition() or 0] = (record.offset() or 0) + 1
        findings = judge(observed.by(before), observed.by(version), limits)
        told(findings)
        if release.state().change != promotion.step:
            return Verdict(version, findings, superseded=True)
        regressed = [str(finding) for finding in findings if finding.regressed]
        if regressed:
            author = Author(BY, "; ".join(regressed)[:500])
            try:
                before = release.roll_back(author, after=promotion.step)
            except LostRace:  # a person was quicker
                return Verdict(version, findings, superseded=True)
            return Verdict(version, findings, rolled_back_to=before)
    return Verdict(version, findings)


def looks(began_s: float, window_s: float, every_s: float) -> Iterator[float]:
    """Wait for, and yield, each moment at which to look: every `every_s` since `began_s`, and at the window's end.

    Moments that are over are left out; the window's end is not.
    """
    last = ceil(window_s / every_s)
    number = 0
    while number < last:
        passed = floor((time.time() - began_s) / every_s)
        number = min(max(number, passed) + 1, last)
        moment_s = began_s + min(number * every_s, window_s)
        time.sleep(max(0.0, moment_s - time.time()))
        yield moment_s
