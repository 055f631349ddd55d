"""What is asked of a candidate. Shares are points of 1: 0.02 is two percentage points.

NEEDS CLINICAL SIGN-OFF: how much worse is still acceptable is a clinical decision; these numbers are engineers'.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Limits"]

Share = Annotated[float, Field(gt=0, lt=1)]


class Limits(BaseModel):
    """Margins, levels and budgets of one judgement; they travel in its report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensitivity_margin: Share = Field(default=0.02, description="Levels 1-2 published as 1 or 2.")
    under_triage_margin: Share = Field(
        default=0.02, description="All levels, published less urgent than due."
    )
    over_triage_margin: Share = Field(default=0.05, description="Levels 3-5 published as 1 or 2.")
    macro_f1_margin: Share = Field(default=0.02, description="Of the most probable label or level.")
    withheld_margin: Share = Field(default=0.05, description="Diagnoses that are not published.")
    calibration_error: Share = Field(default=0.10, description="Beyond what chance alone shows.")
    calibration_worsening: Share = Field(
        default=0.01, description="How much worse than the live version, where that one is above the limit."
    )
    latency_ratio: Annotated[float, Field(ge=1)] = 1.25
    size_ratio: Annotated[float, Field(ge=1)] = 1.25
    level: Share = Field(default=0.05, description="One-sided, of every test.")
    power: Share = Field(default=0.80, description="A test with less is called underpowered.")
    smallest_group: Annotated[int, Field(ge=2)] = Field(
        default=30, description="Rows; smaller subgroups are named and not judged."
    )
    labeller_level: Share = Field(default=0.01, description="For all labellers and tasks together.")
    labeller_excess: Share = Field(
        default=0.05, description="Wrong labels beyond those of others; less is not worth blaming anybody."
    )
    fewest_labels: Annotated[int, Field(ge=5)] = Field(default=20, description="Of a labeller who is judged.")
    latency_messages: Annotated[int, Field(ge=20)] = Field(default=150, description="Timed on both versions.")
