"""What a model version says about itself: `bundle.json` beside its weights."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ModelProfile", "Thresholds"]

_FROZEN = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Thresholds(BaseModel):
    """Fitted on held-out development data by the trainer, never on a test set."""

    model_config = _FROZEN

    diagnosis_abstain_below: Annotated[float, Field(ge=0, le=1)] = Field(
        description="Withhold the label where its calibrated probability is lower."
    )
    urgency_plausible_from: Annotated[float, Field(gt=0, le=1)] = Field(
        description="The most urgent level k with P(level <= k) of at least this is plausible."
    )
    out_of_domain_above: Annotated[float, Field(gt=0)] = Field(
        description="Distance of the embedding to the training data (DomainStatistics) above which a human is asked."
    )


class ModelProfile(BaseModel):
    """Labels, windows, calibration and thresholds of one version."""

    model_config = _FROZEN

    name: str
    version: str
    labels: tuple[str, ...] = Field(description="In the order of the diagnosis logits.")
    languages: tuple[str, ...] = Field(
        description="Primary BCP 47 subtags of the languages it was trained on."
    )
    window_tokens: Annotated[int, Field(ge=16)]
    window_overlap_tokens: Annotated[int, Field(ge=0)]
    vitals_fields: tuple[str, ...] = Field(description="In the order of the vitals input.")
    diagnosis_temperature: Annotated[float, Field(gt=0)]
    urgency_temperature: Annotated[float, Field(gt=0)]
    thresholds: Thresholds
