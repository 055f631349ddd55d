"""A worse version is seen, chance and small differences are not."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from ops.release.observed import Observed
from ops.release.regression import Limits, Seen, judge
from schemas import ClinicianFeedback, FeedbackVerdict, UrgencyAssessed
from schemas.export import JSON_DIR
from streams.topics import FEEDBACK, URGENCIES

GOLDEN = JSON_DIR.parent / "golden"
LEVELS = (0.05, 0.2, 0.4, 0.25, 0.1)


def seen(
    rng: np.random.Generator,
    *,
    levels: tuple[float, ...] = LEVELS,
    spread: float = 8.0,
    judged: int = 200,
    overridden: float = 0.1,
    decisions: int = 500,
) -> Seen:
    return Seen(
        levels=Counter(rng.choice(5, decisions, p=levels).tolist()),
        labels=Counter(rng.choice(["normal", "diabetes", "withheld"], decisions, p=[0.6, 0.3, 0.1]).tolist()),
        top_probabilities=rng.beta(spread, 2.0, decisions).tolist(),
        judged=judged,
        overridden=int(rng.binomial(judged, overridden)),
    )


def test_equal_versions_are_almost_never_told_apart_however_often_one_looks() -> None:
    rng = np.random.default_rng(7)
    alarms = sum(
        finding.regressed for _ in range(200) for finding in judge(seen(rng), seen(rng), Limits(looks=10))
    )
    assert alarms == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("overrides", {"overridden": 0.4}),
        ("levels", {"levels": (0.02, 0.08, 0.2, 0.4, 0.3)}),
        ("probabilities", {"spread": 3.0}),
    ],
)
def test_a_regression_is_named(name: str, change: dict[str, object]) -> None:
    rng = np.random.default_rng(3)
    findings = judge(seen(rng), seen(rng, **change), Limits(looks=10))  # type: ignore[arg-type]
    assert [finding.name for finding in findings if finding.regressed] == [name]


def test_fewer_overrides_than_before_are_no_regression() -> None:
    rng = np.random.default_rng(3)
    findings = judge(seen(rng, overridden=0.5), seen(rng, overridden=0.05), Limits())
    assert not any(finding.regressed for finding in findings)


def test_a_significant_but_small_drift_is_none() -> None:
    rng = np.random.default_rng(3)
    shifted = (0.06, 0.23, 0.38, 0.24, 0.09)
    findings = judge(seen(rng, decisions=50_000), seen(rng, levels=shifted, decisions=50_000), Limits())
    (levels,) = [finding for finding in findings if finding.name == "levels"]
    assert levels.p is not None
    assert levels.p < 1e-6
    assert not levels.regressed


def test_too_little_is_not_judged() -> None:
    rng = np.random.default_rng(3)
    findings = judge(seen(rng), seen(rng, decisions=20, judged=5, overridden=1.0), Limits())
    assert [finding.p for finding in findings] == [None] * 4
    assert not any(finding.regressed for finding in findings)


def test_words_count_for_the_version_that_decided_and_the_latest_of_a_clinician_counts() -> None:
    observed = Observed()
    urgency = UrgencyAssessed.model_validate_json((GOLDEN / f"{URGENCIES.name}.json").read_bytes())
    for _ in range(2):
        observed.add(URGENCIES.name, urgency.model_dump_json().encode())

    def word(verdict: FeedbackVerdict) -> bytes:
        return (
            ClinicianFeedback(
                feedback_id=str(UUID(int=1)),
                message_id=urgency.message_id,
                source=urgency.source,
                clinician_id="c-1",
                verdict=verdict,
                decided_at=datetime.now(UTC),
            )
            .model_dump_json()
            .encode()
        )

    observed.add(FEEDBACK.name, word(FeedbackVerdict.OVERRIDDEN))
    assert (observed.by("1").judged, observed.by("1").overridden) == (1, 1)
    assert observed.by("2").judged == 0
    observed.add(FEEDBACK.name, word(FeedbackVerdict.ACCEPTED))
    assert observed.by("1").overridden == 0
    assert observed.by("1").levels.total() == 1
