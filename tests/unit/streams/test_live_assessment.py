"""A worker follows the live version between chunks, and stays where it is while the new one cannot serve."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from schemas import LifecycleStep
from streams import live_assessment
from streams.adapters.model_bundle import content_sha256
from streams.assessment import Assessment
from streams.domain.live_model import Candidate, LiveModel, UnreadableChange, fold
from streams.errors import Unavailable, VersionUnusable
from streams.live_assessment import LiveAssessment
from streams.ports import ModelAnswer, Priority
from streams.text import EncodedWindow
from tests.unit.streams.domain.test_live_model import promoted, step
from tests.unit.streams.factories import admitted
from tests.unit.streams.test_assessment import FakeModel, make_assessment


class SlowModel(FakeModel):
    """Answers once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()

    async def infer(self, windows: Sequence[EncodedWindow], priority: Priority) -> list[ModelAnswer]:
        await self.may_answer.wait()
        return await super().infer(windows, priority)


class World:
    """What a worker sees: the topic's state, the versions' folders, the server."""

    def __init__(self, **models: Any) -> None:
        self.models: dict[str, FakeModel] = {name.removeprefix("v"): model for name, model in models.items()}
        self.now: LiveModel | None = LiveModel()
        self.loads: list[str] = []

    async def state(self) -> LiveModel:
        if self.now is None:
            raise Unavailable("brokers")
        return self.now

    def load(self, version: str, digest: str | None) -> Assessment:
        if version not in self.models:
            raise VersionUnusable("FileNotFoundError")
        self.loads.append(version)
        made = make_assessment(self.models[version])
        profile = made.bundle.profile.model_copy(update={"version": version})
        return replace(made, bundle=replace(made.bundle, profile=profile))

    def live(self) -> LiveAssessment:
        return LiveAssessment(self.state, self.load, "1")


async def _deciding_version(live: LiveAssessment) -> str:
    (decision,) = await live.decide([admitted()], Priority.STANDARD, [None])
    assert decision.urgency.model is not None
    return decision.urgency.model.version


async def test_the_settings_version_decides_until_one_is_promoted() -> None:
    world = World(v1=FakeModel(), v2=FakeModel())
    live = world.live()
    assert await _deciding_version(live) == "1"
    world.now = fold([promoted("2", 1)])
    await live.refresh()
    assert await _deciding_version(live) == "2"


async def test_a_worker_that_starts_after_a_promotion_never_decides_by_another_version() -> None:
    world = World(v1=FakeModel(), v2=FakeModel())
    world.now = None
    live = world.live()
    with pytest.raises(Unavailable, match="brokers"):
        await live.decide([admitted()], Priority.STANDARD, [None])
    world.now = fold([promoted("2", 1)])
    assert await _deciding_version(live) == "2"


async def test_a_worker_that_starts_without_the_live_version_s_files_waits_for_them() -> None:
    world = World(v1=FakeModel())
    world.now = fold([promoted("2", 1)])
    live = world.live()
    with pytest.raises(Unavailable, match="model-files"):
        await live.decide([admitted()], Priority.STANDARD, [None])
    assert not await live.ready()


async def test_a_version_that_the_server_has_not_ready_is_waited_for_on_the_old_one() -> None:
    world = World(v1=FakeModel(), v2=FakeModel(broken=True))
    live = world.live()
    await live.refresh()
    world.now = fold([promoted("2", 1)])
    await live.refresh()
    assert await _deciding_version(live) == "1"
    world.models["2"].broken = False
    await live.refresh()
    assert await _deciding_version(live) == "2"
    assert world.loads == ["1", "2"], "read once, however often it is looked at"


async def test_a_version_whose_files_are_missing_leaves_the_old_one_in_place() -> None:
    world = World(v1=FakeModel())
    live = world.live()
    await live.refresh()
    world.now = fold([promoted("2", 1)])
    await live.refresh()
    assert await _deciding_version(live) == "1"


async def test_a_chunk_in_flight_ends_with_the_version_that_it_began_with() -> None:
    slow = SlowModel()
    world = World(v1=slow, v2=FakeModel())
    live = world.live()
    await live.refresh()
    in_flight = asyncio.create_task(live.decide([admitted("early")], Priority.STANDARD, [None]))
    await asyncio.sleep(0)
    world.now = fold([promoted("2", 1)])
    await live.refresh()
    assert await _deciding_version(live) == "2"
    slow.may_answer.set()
    (decision,) = await in_flight
    assert decision.urgency.model is not None
    assert decision.urgency.model.version == "1"


async def test_a_rollback_to_a_version_that_served_by_its_digest_reads_no_files_again() -> None:
    world = World(v1=FakeModel(), v2=FakeModel(), v3=FakeModel())
    live = world.live()
    changes = [promoted("2", 1), promoted("3", 2), step(LifecycleStep.ROLLED_BACK, "2", change=3)]
    for known in range(len(changes) + 1):
        world.now = fold(changes[:known])
        await live.refresh()
    assert await _deciding_version(live) == "2"
    assert world.loads == ["1", "2", "3"]


async def test_a_change_that_cannot_be_read_leaves_the_worker_where_it_is_until_the_next() -> None:
    world = World(v1=FakeModel(), v2=FakeModel(), v3=FakeModel())
    live = world.live()
    world.now = fold([promoted("2", 1)])
    await live.refresh()
    world.now = fold([UnreadableChange(2)], world.now)
    await live.refresh()
    assert await _deciding_version(live) == "2"
    assert REGISTRY.get_sample_value(
        "triage_model_version_waiting", {"version": "unknown", "waits_for": "steps"}
    )
    world.now = fold([promoted("3", 3)], world.now)
    await live.refresh()
    assert await _deciding_version(live) == "3"
    waiting = {"version": "unknown", "waits_for": "steps"}
    assert REGISTRY.get_sample_value("triage_model_version_waiting", waiting) is None


async def test_a_worker_that_starts_and_cannot_read_the_last_change_waits() -> None:
    world = World(v1=FakeModel(), v3=FakeModel())
    world.now = fold([UnreadableChange(1)])
    live = world.live()
    with pytest.raises(Unavailable, match="model-steps"):
        await live.decide([admitted()], Priority.STANDARD, [None])
    assert not await live.ready()
    world.now = fold([promoted("3", 2)], world.now)
    assert await _deciding_version(live) == "3"


class Offered:
    """A shadow that notes what it is offered."""

    def __init__(self) -> None:
        self.versions: list[str] = []
        self.messages = 0

    def offer(self, candidate: Candidate, messages: Sequence[object], decisions: Sequence[object]) -> None:
        assert len(messages) == len(decisions)
        self.versions.append(candidate.version)
        self.messages += len(messages)


async def test_a_candidate_is_compared_with_the_version_that_it_would_follow_alone() -> None:
    world, offered = World(v2=FakeModel(), v9=FakeModel(broken=True)), Offered()
    live = world.live()
    live.shadow = cast(Any, offered)
    shadowing = step(LifecycleStep.SHADOWING, "3", share=1.0)
    world.now = fold([promoted("2", 1), shadowing])
    await live.refresh()
    await _deciding_version(live)
    assert offered.versions == ["3"]
    world.now = fold([promoted("9", 2), shadowing], world.now)
    await live.refresh()
    assert await _deciding_version(live) == "2"
    assert offered.versions == ["3"], "while it still decides by the version before, nothing is compared"


async def _versions(live: LiveAssessment, *versions: str | None) -> list[str]:
    """Which version decided each of as many messages."""
    messages = [admitted(str(place)) for place in range(len(versions))]
    decisions = await live.decide(messages, Priority.STANDARD, versions)
    return [decision.urgency.model.version for decision in decisions if decision.urgency.model is not None]


def _gone() -> float:
    return REGISTRY.get_sample_value("triage_model_former_version_gone_messages_total") or 0.0


@pytest.mark.parametrize("has_served_here", [False, True])
async def test_a_message_is_decided_by_the_version_of_its_first_sighting(has_served_here: bool) -> None:
    world = World(v1=FakeModel(), v2=FakeModel())
    live = world.live()
    if has_served_here:
        await live.refresh()
    world.now = fold([promoted("2", 1)])
    await live.refresh()
    assert await live.live_version() == "2"
    gone = _gone()
    assert await _versions(live, "1", "2", None, "1") == ["1", "2", "2", "1"]
    assert sorted(world.loads) == ["1", "2"]
    assert _gone() == gone


async def test_without_the_former_version_s_files_the_live_one_decides_and_it_is_counted() -> None:
    world = World(v2=FakeModel())
    world.now = fold([promoted("2", 1)])
    gone = _gone()
    assert await _versions(world.live(), "1", None, "1") == ["2", "2", "2"]
    assert _gone() == gone + 2


async def test_a_former_version_that_fails_is_waited_for_and_then_given_up_without_a_reload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the rollback of a broken version its messages must not hold up their partition for ever."""
    now_s = 100.0
    monkeypatch.setattr(live_assessment, "monotonic", lambda: now_s)
    world = World(v1=FakeModel(broken=True), v2=FakeModel())
    world.now = fold([promoted("2", 1)])
    live, gone = world.live(), _gone()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await _versions(live, "1")
        now_s += 9.0
    assert await _versions(live, "1") == ["2"]
    assert (_gone(), world.models["1"].reloads) == (gone + 1, 0)
    world.models["1"].broken = False
    assert await _versions(live, "1") == ["1"]


async def test_a_server_that_is_away_as_a_whole_does_not_change_who_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr(live_assessment, "monotonic", lambda: now_s)
    world = World(v1=FakeModel(), v2=FakeModel())
    world.now = fold([promoted("2", 1)])
    live = world.live()
    await live.refresh()
    for model in world.models.values():
        model.broken = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await _versions(live, "1")
        now_s += 60.0
    world.models["2"].broken = False
    with pytest.raises(Unavailable):
        await _versions(live, "1")
    world.models["1"].broken = False
    assert await _versions(live, "1") == ["1"]


async def test_what_a_former_version_decides_is_not_compared_with_the_candidate() -> None:
    world, offered = World(v1=FakeModel(), v2=FakeModel()), Offered()
    live = world.live()
    live.shadow = cast(Any, offered)
    world.now = fold([promoted("2", 1), step(LifecycleStep.SHADOWING, "3", share=1.0)])
    await _versions(live, "1", "1")
    assert offered.messages == 0
    await _versions(live, "1", "2", "1")
    assert offered.messages == 1


@pytest.mark.parametrize("made", [False, True])
def test_a_version_without_files_has_no_digest(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "7"
    if made:
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / "model.pyc").write_bytes(b"3")
    with pytest.raises(VersionUnusable, match="no files of version 7"):
        content_sha256(folder)


def test_the_digest_of_a_version_sees_every_file_and_its_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    first = content_sha256(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "model.pyc").write_bytes(b"3")
    assert content_sha256(tmp_path) == first
    (tmp_path / "b").rename(tmp_path / "c")
    renamed = content_sha256(tmp_path)
    (tmp_path / "c").write_bytes(b"4")
    assert len({first, renamed, content_sha256(tmp_path)}) == 3
