"""One order of steps says which version is live, whoever reads it and however often a step was written."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from schemas import LifecycleStep, ModelLifecycle, Producer
from streams.domain.live_model import LiveModel, UnreadableChange, counts, fold, live_at

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_ids = count(1)


def step(
    kind: LifecycleStep, version: str, *, change: int | None = None, share: float | None = None
) -> ModelLifecycle:
    """As this release writes it."""
    return ModelLifecycle(
        event_id=UUID(int=next(_ids)),
        model_name="triage_bert",
        step=kind,
        version=version,
        content_sha256="a" * 64,
        change=change,
        after_change=None if change is None else change - 1,
        by="c-7f3a",
        reason="test",
        shadow_share=share,
        occurred_at=NOW,
        produced_by=Producer(service="test", version="0"),
    )


def promoted(version: str, change: int) -> ModelLifecycle:
    return step(LifecycleStep.PROMOTED, version, change=change)


def promoted_before(version: str, change: int) -> ModelLifecycle:
    """As a release wrote it that let another change have the number of one to a retired version."""
    return promoted(version, change).model_copy(update={"after_change": None})


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


def retired(version: str) -> ModelLifecycle:
    return step(LifecycleStep.RETIRED, version)


def test_of_a_retirement_and_a_promotion_the_first_counts() -> None:
    assert fold([retired("2"), promoted("2", 1)]).version is None
    state = fold([promoted("2", 1), retired("2")])
    assert (state.version, state.retired) == ("2", frozenset())


def test_the_version_to_roll_back_to_and_one_in_the_shadow_cannot_be_retired() -> None:
    served = step(LifecycleStep.PROMOTED, "3", change=1).model_copy(update={"previous_version": "2"})
    shadowing = step(LifecycleStep.SHADOWING, "4", share=0.5)
    state = fold([served, shadowing, retired("2"), retired("4"), retired("5")])
    assert state.retired == {"5"}
    assert state.candidate is not None
    assert fold([shadowing], state).in_use == {"2", "3", "4"}


def test_a_version_has_one_role_until_the_next_change() -> None:
    served = promoted("3", 1).model_copy(update={"previous_version": "2"})
    steps = [retired("5"), served, step(LifecycleStep.SHADOWING, "4", share=0.5)]
    state = fold(steps)
    assert [state.role(version, "2") for version in "12345"] == [
        None,
        "previous",
        "live",
        "shadow",
        "retired",
    ]
    back = rolled_back("2", 2).model_copy(update={"previous_version": "3"})
    assert [fold([back], state).role(version, "2") for version in "234"] == ["live", "previous", None]
    assert LiveModel().role("2", "2") == "live"


def test_a_retired_version_neither_shadows_nor_is_rolled_back_to_until_it_is_installed_again() -> None:
    away = fold([promoted("2", 1), promoted("3", 2), promoted("4", 3), retired("2")])
    shadowing = step(LifecycleStep.SHADOWING, "2", share=0.5)
    assert fold([shadowing], away).candidate is None
    assert fold([rolled_back("2", 4)], away).version == "4"
    assert fold([step(LifecycleStep.INSTALLED, "2"), rolled_back("2", 4)], away).version == "2"


def test_after_a_change_that_cannot_be_read_nobody_knows_what_is_live_until_the_next() -> None:
    state = fold([promoted("2", 1), step(LifecycleStep.SHADOWING, "3", share=0.5), UnreadableChange(2)])
    assert (state.version, state.unreadable, state.candidate) == ("2", 2, None)
    assert fold([promoted("4", 2)], state).version == "2", "decided from the state before: it lost the race"
    again = fold([promoted("4", 3)], state)
    assert (again.version, again.unreadable, again.next_change) == ("4", None, 4)


def test_releases_that_can_and_cannot_read_a_change_to_a_retired_version_agree_on_the_next() -> None:
    before = fold([promoted("2", 1), retired("3")])
    reads, reads_not = fold([promoted("3", 2)], before), fold([UnreadableChange(2)], before)
    assert (reads.version, reads.unreadable, reads_not.unreadable) == ("2", None, 2)
    assert reads.next_change == reads_not.next_change == 3
    late, following = promoted("4", 2), promoted("5", reads.next_change)
    for steps in ([following], [late, following]):
        assert fold(steps, reads).version == fold(steps, reads_not).version == "5"
    assert fold([late], reads).version == fold([late], reads_not).version == "2"


def test_a_retirement_changes_nothing_of_what_was_live_before_it() -> None:
    steps = [promoted("2", 1), promoted("3", 2), rolled_back("2", 3), promoted("4", 4), promoted("5", 5)]
    for until in range(len(steps) + 1):
        before = fold(steps[:until])
        for version in "12345":
            later = fold([retired(version)], before)
            assert (later.version, later.next_change) == (before.version, before.next_change)
            following = fold([promoted("6", later.next_change)], later)
            assert (following.version, following.next_change) == ("6", later.next_change + 1)


def test_in_an_older_log_the_change_that_followed_one_to_a_retired_version_is_still_live() -> None:
    log = [promoted_before("2", 1), retired("3"), promoted_before("3", 2)]
    assert fold(log).version == "2"
    log.append(promoted_before("4", 2))
    assert (fold(log).version, fold(log).next_change) == ("4", 3)
    log.append(promoted("5", 3))
    assert fold(log).version == "5"


def test_what_follows_an_older_change_to_a_retired_version_counts_for_releases_of_then_and_now() -> None:
    log = [promoted_before("2", 1), retired("3"), promoted_before("3", 2)]
    assert fold(log).next_change == 3, "a release between the two took 2 for spent"
    assert fold([promoted("4", 3)], fold(log)).version == "4"
    reads_not = fold([*log[:2], UnreadableChange(2)])
    assert fold([promoted("4", 3)], reads_not).version == "4"


def test_an_old_change_that_cannot_be_read_is_passed_over() -> None:
    assert fold([promoted("2", 1), promoted("3", 2), UnreadableChange(2)]).unreadable is None


def test_changes_that_are_missing_do_not_stop_the_numbering() -> None:
    assert fold([promoted("4", 7), promoted("5", 8)]).version == "5"


def test_a_writer_learns_whether_its_change_counted() -> None:
    first, second = promoted("2", 1), promoted("3", 1)
    assert counts([first, second], first.event_id)
    assert not counts([first, second], second.event_id)
    assert counts([first, promoted("4", 2)], first.event_id), "though it is not the last any more"
