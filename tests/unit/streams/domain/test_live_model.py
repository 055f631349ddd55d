"""One order of steps says which version is live, whoever reads it and however often a step was written."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from schemas import LifecycleStep, ModelLifecycle, Producer
from streams.domain.live_model import LiveModel, fold, live_at

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_ids = count(1)


def step(
    kind: LifecycleStep, version: str, *, change: int | None = None, share: float | None = None
) -> ModelLifecycle:
    return ModelLifecycle(
        event_id=UUID(int=next(_ids)),
        model_name="triage_bert",
        step=kind,
        version=version,
        content_sha256="a" * 64,
        change=change,
        by="c-7f3a",
        reason="test",
        shadow_share=share,
        occurred_at=NOW,
        produced_by=Producer(service="test", version="0"),
    )


def promoted(version: str, change: int) -> ModelLifecycle:
    return step(LifecycleStep.PROMOTED, version, change=change)


def rolled_back(version: str, change: int) -> ModelLifecycle:
    return step(LifecycleStep.ROLLED_BACK, version, change=change)


def test_nothing_promoted_leaves_the_version_of_the_settings() -> None:
    state = fold([step(LifecycleStep.INSTALLED, "2")])
    assert (state.version, state.candidate, state.next_change) == (None, None, 1)


def test_the_last_change_is_live_and_a_rollback_is_one() -> None:
    steps = [promoted("2", 1), rolled_back("1", 2)]
    assert fold(steps[:1]).version == "2"
    assert fold(steps).version == "1"


def test_of_two_changes_from_the_same_state_the_first_counts() -> None:
    state = fold([promoted("2", 1), promoted("3", 2), promoted("4", 2)])
    assert (state.version, state.next_change) == ("3", 3)


def test_a_promotion_that_comes_late_does_not_undo_a_rollback() -> None:
    assert fold([promoted("2", 1), rolled_back("1", 2), promoted("2", 1)]).version == "1"


def test_a_candidate_shadows_until_its_summary_or_the_next_move() -> None:
    shadowing = step(LifecycleStep.SHADOWING, "2", share=0.25)
    assert (begun := fold([shadowing]).candidate) is not None
    assert (begun.version, begun.share) == ("2", 0.25)
    assert fold([shadowing, step(LifecycleStep.SHADOWED, "3")]).candidate == begun
    assert fold([shadowing, step(LifecycleStep.SHADOWED, "2")]).candidate is None
    assert fold([shadowing, promoted("2", 1)]).candidate is None


def test_history_says_what_was_live_at_a_moment() -> None:
    minute = timedelta(minutes=1)
    steps = [(NOW, promoted("2", 1)), (NOW + minute, promoted("3", 2))]
    assert live_at(steps, NOW - minute) == LiveModel()
    assert live_at(steps, NOW).version == "2"
    assert live_at(steps, NOW + 5 * minute).version == "3"
