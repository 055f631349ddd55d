"""Steps are safe to take again, and only one record changes which version is live."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.release.errors import Busy, LostRace, NotReleasable, ServerRefused
from ops.release.evidence import Permission
from ops.release.release import Author, Release
from ops.release.repository import ModelVersions
from ops.release.shadowing import Extent, shadow
from schemas import LifecycleStep, ModelLifecycle, ShadowSummary
from streams.adapters.model_log import RecordedStep
from streams.domain.live_model import Step, UnreadableChange

AUTHOR = Author("c-test", "test")
EMPTY = ShadowSummary(**dict.fromkeys(ShadowSummary.model_fields, 0))


@dataclass
class Broker:
    """The topic. `before_append` runs once before the next record: somebody else may come first."""

    steps_: list[RecordedStep] = field(default_factory=list)
    before_append: Callable[[], None] | None = None
    unreadable: UnreadableChange | None = None

    def steps(self) -> list[RecordedStep]:
        return list(self.steps_)

    def told(self) -> list[tuple[datetime, Step]]:
        told: list[tuple[datetime, Step]] = [(each.appended_at, each.step) for each in self.steps_]
        return told if self.unreadable is None else [*told, (datetime.now(UTC), self.unreadable)]

    def append(self, step: ModelLifecycle) -> None:
        self.steps_.append(RecordedStep(len(self.steps_), datetime.now(UTC), step))

    def produce(self, topic: str, value: bytes, *, key: bytes, on_delivery: Any) -> None:
        hook, self.before_append = self.before_append, None
        if hook:
            hook()
        self.append(ModelLifecycle.model_validate_json(value))

    def flush(self, _: float) -> int:
        return 0


class Server:
    def __init__(self) -> None:
        self.loaded: set[str] = {"1"}

    def serves(self, version: str) -> bool:
        return version in self.loaded

    def take_over(self, version: str) -> None:
        self.loaded.add(version)

    def forget_what_is_gone(self) -> None:
        return


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def release(broker: Broker, tmp_path: Path) -> Release:
    """A release in which three versions lie ready, of which the first serves; files are only counted here."""
    for number in "123":
        folder = tmp_path / "triage_bert" / number
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_text(number)
    made: Any = SimpleNamespace(log=broker, server=Server())
    versions = ModelVersions(tmp_path / "triage_bert")
    release = Release(versions, made.server, made.log, made.log, "1")
    for number in "23":
        release._write(LifecycleStep.INSTALLED, number, release._digest(number), AUTHOR)
    return release


def granted(_candidate: Path, _live: Path) -> Permission:
    return Permission(without_gate="test")


def test_a_promotion_taken_again_writes_nothing(release: Release, broker: Broker) -> None:
    release.promote("2", AUTHOR, granted)
    release.promote("2", AUTHOR, granted)
    changes = [each.step for each in broker.steps_ if each.step.change is not None]
    assert [(step.version, step.previous_version, step.without_gate) for step in changes] == [
        ("2", "1", "test")
    ]
    assert release.server.serves("2")


def test_a_rollback_taken_again_does_not_go_further_back(release: Release) -> None:
    release.promote("2", AUTHOR, granted)
    release.promote("3", AUTHOR, granted)
    assert [release.roll_back(AUTHOR) for _ in range(3)] == ["2", "2", "2"]
    assert release.roll_back(AUTHOR, to="1") == "1"
    assert release.live_version() == "1"


def test_without_a_promotion_there_is_nothing_to_roll_back_to(release: Release) -> None:
    with pytest.raises(NotReleasable, match="never promoted"):
        release.roll_back(AUTHOR)


def test_who_comes_second_is_told_and_the_first_stands(release: Release, broker: Broker) -> None:
    broker.before_append = lambda: release.promote("3", AUTHOR, granted)
    with pytest.raises(LostRace, match="version 3 is live"):
        release.promote("2", AUTHOR, granted)
    assert release.live_version() == "3"


def test_of_a_promotion_and_a_retirement_at_once_the_first_counts_and_what_is_live_has_its_files(
    release: Release, broker: Broker
) -> None:
    broker.before_append = lambda: release.retire("2", AUTHOR)
    with pytest.raises(LostRace, match="version 1 is live"):
        release.promote("2", AUTHOR, granted)
    assert (release.live_version(), release.versions.numbers()) == ("1", [1, 3])

    broker.before_append = lambda: release.promote("3", AUTHOR, granted)
    with pytest.raises(LostRace, match="came into use"):
        release.retire("3", AUTHOR)
    assert (release.live_version(), release.versions.numbers()) == ("3", [1, 3])


def test_what_is_live_or_in_the_shadow_or_was_before_cannot_be_retired(release: Release) -> None:
    with pytest.raises(NotReleasable, match=r"^version 1 is live$"):
        release.retire("1", AUTHOR)
    release.promote("2", AUTHOR, granted)
    release.begin_shadow("3", AUTHOR, 0.5)
    reasons = {"1": "was live before version 2", "2": "is live$", "3": "answers in the shadow"}
    for version, reason in reasons.items():
        with pytest.raises(NotReleasable, match=reason):
            release.retire(version, AUTHOR)
    release.end_shadow("3", AUTHOR, EMPTY)
    release.retire("3", AUTHOR)
    assert release.versions.numbers() == [1, 2]


def test_a_version_is_named_by_its_number_or_with_its_model(release: Release) -> None:
    assert [release.numbered(name) for name in ("2", "triage_bert/2")] == ["2", "2"]
    for other in ("another/2", "../triage_bert/2"):
        with pytest.raises(NotReleasable, match="not of the model"):
            release.numbered(other)


def test_a_retirement_that_died_midway_is_ended_by_the_next_and_leaves_nothing_to_promote(
    release: Release, broker: Broker
) -> None:
    def died(done: str) -> None:
        if done == "recorded":
            raise KeyboardInterrupt

    release.told = died
    with pytest.raises(KeyboardInterrupt):
        release.retire("2", AUTHOR)
    with pytest.raises(NotReleasable, match="retired"):
        release.promote("2", AUTHOR, granted)
    with pytest.raises(NotReleasable, match="retired"):
        release.begin_shadow("2", AUTHOR, 0.5)
    written = len(broker.steps_)
    release.retire("2", AUTHOR)
    assert (release.versions.numbers(), len(broker.steps_)) == ([1, 3], written)


def test_a_version_that_the_server_refuses_can_be_taken_away_again(
    release: Release, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise ServerRefused("the model server: failed to load")

    for number in "23":
        release.retire(number, AUTHOR)
    release.versions.path("4").mkdir()
    (release.versions.path("4") / "model.onnx").write_text("4")
    monkeypatch.setattr(release.versions, "same_as", lambda *_: "4")
    monkeypatch.setattr(release.server, "take_over", refuse)
    written = len(broker.steps_)
    with pytest.raises(ServerRefused, match="triage models retire 4"):
        release.install(Path("source"), AUTHOR)
    assert len(broker.steps_) == written
    release.retire("4", AUTHOR)
    assert release.versions.numbers() == [1]


def test_no_code_is_taken_from_a_live_version_whose_files_changed(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.promote("2", AUTHOR, granted)
    (release.versions.path("2") / "model.py").write_text("import os")
    monkeypatch.setattr(release.versions, "same_as", lambda *_: None)
    monkeypatch.setattr(release.versions, "stage", lambda *_: pytest.fail("it was taken"))
    with pytest.raises(NotReleasable, match="files of version 2, whose code it would take, have changed"):
        release.install(Path("source"), AUTHOR)


def test_nobody_installs_or_retires_while_another_does(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.release.repository._LOCK_WAIT_S", 0.0)
    with release.versions.locked():
        for act in (lambda: release.retire("2", AUTHOR), lambda: release.install(Path("2"), AUTHOR)):
            with pytest.raises(Busy):
                act()
        release.promote("3", AUTHOR, granted)
        release.roll_back(AUTHOR)
    release.retire("2", AUTHOR)


def test_after_a_change_by_a_newer_release_nothing_is_decided_here(release: Release, broker: Broker) -> None:
    release.promote("2", AUTHOR, granted)
    broker.unreadable = UnreadableChange(2)
    with pytest.raises(NotReleasable, match="newer release wrote change 2"):
        release.promote("3", AUTHOR, granted)
    with pytest.raises(NotReleasable, match="newer release"):
        release.roll_back(AUTHOR)
    with pytest.raises(NotReleasable, match="newer release"):
        release.retire("3", AUTHOR)


def test_nothing_is_recorded_of_a_version_before_without_files(release: Release) -> None:
    shutil.rmtree(release.versions.path("1"))
    with pytest.raises(NotReleasable, match="no files of version 1"):
        release.promote("2", AUTHOR, granted)


def test_changed_files_are_neither_promoted_nor_rolled_back_to(release: Release) -> None:
    release.promote("2", AUTHOR, granted)
    (release.versions.path("1") / "model.onnx").write_text("tampered")
    with pytest.raises(NotReleasable, match="not those that served"):
        release.roll_back(AUTHOR)
    (release.versions.path("3") / "model.onnx").write_text("tampered")
    with pytest.raises(NotReleasable, match="changed since"):
        release.promote("3", AUTHOR, granted)
    assert release.live_version() == "2"


def test_a_refusal_by_the_gate_leaves_the_live_version(release: Release) -> None:
    def refused(_candidate: Path, _live: Path) -> Permission:
        raise NotReleasable("the gate refused this version")

    with pytest.raises(NotReleasable, match="gate"):
        release.promote("2", AUTHOR, refused)
    assert release.live_version() == "1"


def test_a_shadow_is_resumed_by_its_share_and_ends_with_its_summary(release: Release, broker: Broker) -> None:
    begun: list[str] = []

    def tally(shadowing: str) -> dict[str, int]:
        begun.append(shadowing)
        return {"messages": 5, "same_level": 4, "less_urgent": 1, "same_label": 5}

    def crash(_: object) -> None:
        raise KeyboardInterrupt

    extent = Extent(share=0.5, messages=5, limit_s=30.0)
    first = release.begin_shadow("2", AUTHOR, 0.5)
    assert shadow(release, "2", AUTHOR, extent, tally, lambda _: None).same_level == 4
    assert set(begun) == {first}
    with pytest.raises(KeyboardInterrupt):
        shadow(release, "2", AUTHOR, extent, tally, crash)
    last = broker.steps_[-1].step
    assert last.step is LifecycleStep.SHADOWED
    assert last.shadow is not None
    assert last.shadow.messages == 5
    assert release.state().candidate is None
    assert release.live_version() == "1"
