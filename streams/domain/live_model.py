"""Which version of the model is live: the fold over the steps of `triage.models.v1`, in offset order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas import LifecycleStep, ModelLifecycle

__all__ = ["Candidate", "LiveModel", "Role", "Step", "UnreadableChange", "counts", "fold", "live_at"]


@dataclass(frozen=True, slots=True)
class UnreadableChange:
    """A change of the live version that this release cannot read; its `number` is all that is known of it."""

    number: int


Step = ModelLifecycle | UnreadableChange
Role = Literal["live", "shadow", "previous", "retired"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that answers a share of the live messages beside the live one; `since` is its step's event id."""

    version: str
    content_sha256: str
    share: float
    since: str


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The state after some steps. `change` is the last that counted; None: the settings name the live version.

    `retired`: versions that cannot become live. `unreadable`: the number of a later change, where it cannot be read;
    which version is live is not known then, until the next change. `spent`: the highest number that a change had, also
    one to a retired version: who could not read it cannot know that it was one, and all have to go on from one number.
    `settled`: a change with a higher number counts. It is `spent`, but where an older release wrote the change to a
    retired version (`after_change` is null): there the next one had the same number, and became live.
    """

    change: ModelLifecycle | None = None
    candidate: Candidate | None = None
    retired: frozenset[str] = frozenset()
    unreadable: int | None = None
    spent: int = 0
    settled: int = 0

    @property
    def version(self) -> str | None:
        """The live version; None: the one that the settings name."""
        return self.change.version if self.change else None

    @property
    def in_use(self) -> frozenset[str]:
        """The versions that cannot be retired: live, the one to roll back to, in the shadow."""
        live = (self.change.version, self.change.previous_version) if self.change else ()
        shadow = (self.candidate.version,) if self.candidate else ()
        return frozenset(version for version in (*live, *shadow) if version is not None)

    def role(self, version: str, default: str) -> Role | None:
        """What a version is now, of several things the first; `default`: live before the first change."""
        if version == (self.version or default):
            return "live"
        if self.candidate is not None and version == self.candidate.version:
            return "shadow"
        if self.change is not None and version == self.change.previous_version:
            return "previous"
        return "retired" if version in self.retired else None

    @property
    def next_change(self) -> int:
        """The number that a change decided from this state has."""
        return self.spent + 1

    def after(self, step: Step) -> "LiveModel":
        """Return the state after one more step.

        A change that was decided from an earlier state changes nothing; one that names a retired version spends its
        number alone. One with a higher number than the next was decided by who could read what is missing here, and
        counts.
        """
        if isinstance(step, UnreadableChange):
            if step.number <= self.settled:
                return self
            return replace(self._spending(step.number), candidate=None, unreadable=step.number)
        if step.change is None:
            return self._after_preparation(step)
        if step.change <= self.settled:
            return self
        if step.version in self.retired:
            spending = self._spending(step.change)
            return spending if step.after_change is not None else replace(spending, settled=self.settled)
        # the candidate was compared with the version before
        return replace(self._spending(step.change), change=step, candidate=None, unreadable=None)

    def _spending(self, number: int) -> "LiveModel":
        return replace(self, spent=max(self.spent, number), settled=number)

    def _after_preparation(self, step: ModelLifecycle) -> "LiveModel":
        if step.step is LifecycleStep.INSTALLED:
            return replace(self, retired=self.retired - {step.version})
        if step.step is LifecycleStep.RETIRED:
            # what came into use before this record came stays in use
            return (
                self if step.version in self.in_use else replace(self, retired=self.retired | {step.version})
            )
        if step.step is LifecycleStep.SHADOWING and step.shadow_share is not None:
            if step.version in self.retired:
                return self
            candidate = Candidate(step.version, step.content_sha256, step.shadow_share, str(step.event_id))
            return replace(self, candidate=candidate)
        ends_shadow = step.step is LifecycleStep.SHADOWED
        if ends_shadow and self.candidate is not None and self.candidate.version == step.version:
            return replace(self, candidate=None)
        return self


def fold(steps: Iterable[Step], begin: LiveModel | None = None) -> LiveModel:
    """Return the state after `steps`, which are of one model."""
    state = begin or LiveModel()
    for step in steps:
        state = state.after(step)
    return state


def live_at(steps: Iterable[tuple[datetime, Step]], moment: datetime) -> LiveModel:
    """Return the state at `moment`; each step comes with the time at which the broker took it."""
    return fold(step for appended_at, step in steps if appended_at <= moment)


def counts(steps: Iterable[Step], change: UUID) -> bool:
    """Whether the change with this event id changed anything."""
    state = LiveModel()
    for step in steps:
        state = state.after(step)
        if state.change is not None and state.change.event_id == change:
            return True
    return False
