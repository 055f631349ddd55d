"""What happened to a version of the model: which one is live, since when, by whose decision and why."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.base import Contract, Handle, Probability, Producer

__all__ = ["LifecycleStep", "ModelLifecycle", "ShadowSummary"]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class LifecycleStep(StrEnum):
    """What a version went through. `promoted` and `rolled_back` alone change which version is live."""

    INSTALLED = "installed"
    SHADOWING = "shadowing"
    SHADOWED = "shadowed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


class ShadowSummary(Contract):
    """A candidate beside the live version, on the same messages. It was never published."""

    messages: Annotated[int, Field(ge=0)]
    unanswered: Annotated[int, Field(ge=0, description="Sampled, but the candidate gave no answer.")]
    same_level: Annotated[int, Field(ge=0)]
    more_urgent: Annotated[int, Field(ge=0)]
    less_urgent: Annotated[int, Field(ge=0)]
    same_label: Annotated[int, Field(ge=0)]
    urgent_lowered: Annotated[
        int, Field(ge=0, description="The live version said level 1 or 2, the candidate a lower urgency.")
    ]


class ModelLifecycle(Contract):
    """One step of one version; every step has an `event_id` of its own.

    The changes of the live version (`promoted`, `rolled_back`) are numbered from 1. Read in the order of offsets, a
    change counts where its number is higher than the last one's: of two that were decided from the same state, the
    first counts. Neither does a change to a version count that was `retired` before (its number is spent all the same,
    unless `after_change` is null), nor a retirement of one in use.
    """

    contract: ClassVar[str] = "triage.models.v1"

    event_id: UUID
    model_name: Handle
    step: LifecycleStep
    version: Version = Field(
        description="The version that takes the step; live from here on, where it changes."
    )
    change: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The number of this change of the live version; null for other steps."
    )
    after_change: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description=(
            "The highest number that a change had when this one was decided; null for other steps, and in records of "
            "releases that gave the number of a change to a retired version to the next one."
        ),
    )
    content_sha256: Sha256 = Field(description="Over the names and digests of all files of the version.")
    previous_version: Version | None = Field(default=None, description="Live until here.")
    previous_sha256: Sha256 | None = None
    by: Handle = Field(description="Pseudonym of who decided, or the service that did.")
    reason: Reason
    gate_report_sha256: Sha256 | None = None
    without_gate: Reason | None = Field(
        default=None, description="Why a version was promoted that no gate passed."
    )
    shadow_share: Probability | None = Field(
        default=None, description="Share of the live messages that the candidate answers, too."
    )
    shadow: ShadowSummary | None = None
    occurred_at: AwareDatetime
    produced_by: Producer
