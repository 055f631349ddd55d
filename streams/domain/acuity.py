"""The acuity policy: from probabilities and rules to one level that only ever goes up.

Needs clinical sign-off: the numbers in `AcuityPolicy` are configuration, chosen by engineers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import RuleFired

__all__ = ["ADULT_FROM_YEARS", "TARGET_MINUTES", "AcuityPolicy", "most_urgent_floor", "most_urgent_plausible"]

TARGET_MINUTES = {1: 0, 2: 15, 3: 30, 4: 60, 5: 120}
"""Time to physician per level (CTAS 2008 revision; KTAS 2012)."""

ADULT_FROM_YEARS = 16.0
"""NEWS2 holds from here (RCP 2017); younger patients are children to the red flags, and reviewed."""


@dataclass(frozen=True, slots=True)
class AcuityPolicy:
    """What is not the model's to say.

    `unassessable_level`: published, provisionally, for a text that the model cannot read (another language, no
    words) and that no rule raises higher. `disagreement_levels`: a rule that raises the model's level by at least
    this much asks for a review. `express_level`: a floor of this level or more urgent takes the express lane.
    `languages`: what admission expects the model to read; a text in another one is published without the model, so
    it takes the lane of its level at once. The model's own profile decides.
    """

    unassessable_level: int = 2
    disagreement_levels: int = 2
    express_level: int = 2
    languages: frozenset[str] = frozenset({"en"})

    def reads(self, language: str | None) -> bool:
        """Say whether a text in `language` (BCP 47) can be assessed; unknown counts as yes."""
        return language is None or language.split("-")[0] in self.languages


def most_urgent_plausible(probabilities: Sequence[float], plausible_from: float) -> int:
    """Return the most urgent level k with P(level <= k) >= `plausible_from`.

    `probabilities` holds P(level 1) .. P(level 5).
    """
    cumulative = 0.0
    for level, probability in enumerate(probabilities, start=1):
        cumulative += probability
        if cumulative >= plausible_from:
            return level
    return len(probabilities)


def most_urgent_floor(rules: Sequence[RuleFired]) -> int | None:
    """Return the most urgent floor that a rule sets, or None where none fired."""
    return min((rule.level_floor for rule in rules), default=None)
