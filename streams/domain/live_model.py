"""Which version of the model is live: the fold over the steps of `triage.models.v1`, in offset order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from schemas import LifecycleStep, ModelLifecycle

__all__ = ["Candidate", "LiveModel", "fold", "live_at"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that answers a share of the live messages beside the live one; `since` is its step's event id."""

    version: str
    content_sha256: str
    share: float
    since: str


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The state after some steps. `change` is the last that counted; None: the settings name the live version."""

    change: ModelLifecycle | None = None
    candidate: Candidate | None = None

    @property
    def version(self) -> str | None:
        """The live version; None: the one that the settings name."""
        return self.change.version if self.change else None

    @property
    def next_change(self) -> int:
        """The number that a change decided from this state has."""
        return (self.change.change or 0) + 1 if self.change else 1

    def after(self, step: ModelLifecycle) -> "LiveModel":
        """Return the state after one more step. A change that was decided from another state changes nothing."""
        if step.change is not None:
            # the candidate was compared with the version before
            return LiveModel(step) if step.change == self.next_change else self
        if step.step is LifecycleStep.SHADOWING and step.shadow_share is not None:
            candidate = Candidate(step.version, step.content_sha256, step.shadow_share, str(step.event_id))
            return replace(self, candidate=candidate)
        ends_shadow = step.step in (LifecycleStep.SHADOWED, LifecycleStep.RETIRED)
        if ends_shadow and self.candidate is not None and self.candidate.version == step.version:
            return replace(self, candidate=None)
        return self


def fold(steps: Iterable[ModelLifecycle], begin: LiveModel | None = None) -> LiveModel:
    """Return the state after `steps`, which are of one model."""
    state = begin or LiveModel()
    for step in steps:
        state = state.after(step)
    return state


def live_at(steps: Iterable[tuple[datetime, ModelLifecycle]], moment: datetime) -> LiveModel:
    """Return the state at `moment`; each step comes with the time at which the broker took it."""
    return fold(step for appended_at, step in steps if appended_at <= moment)
