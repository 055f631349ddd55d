"""A swap promotes a version that answers differently, and the next one rolls it back."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from ops.chaos import versions as module
from ops.chaos.versions import Versions
from ops.cli.stack import PROJECT_ROOT
from ops.release.errors import NotReleasable, ServerRefused
from streams.domain.profile import ModelProfile
from streams.settings import ModelServerSettings

MODEL = "triage_bert"


class Closed:
    """Stands for what is closed after each swap."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def close(self) -> None:
        """The same."""


class FakeRelease:
    """Takes the steps of a release in memory."""

    def __init__(self) -> None:
        self.server = self.log = Closed()
        self.installed: list[Path] = []
        self.live = ["1"]
        self.refusals = 0

    def install(self, source: Path, _author: object) -> str:
        if self.refusals:
            self.refusals -= 1
            raise ServerRefused
        self.installed.append(source)
        return "2"

    def live_version(self) -> str:
        return self.live[-1]

    def promote(self, version: str, _author: object, permission: object) -> None:
        assert callable(permission)
        assert permission(Path(), Path()).without_gate
        self.live.append(version)

    def roll_back(self, _author: object) -> str:
        self.live.append(self.live[-2])
        return self.live[-1]


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> FakeRelease:
    release = FakeRelease()
    monkeypatch.setattr(module, "open_release", lambda _settings: release)
    return release


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    source = tmp_path / "models" / MODEL / "1"
    source.mkdir(parents=True)
    shutil.copyfile(PROJECT_ROOT / "model_repo" / MODEL / "1" / "bundle.json", source / "bundle.json")
    settings = ModelServerSettings(
        development=True,
        kafka_bootstrap="localhost:1",
        kafka_security_protocol="PLAINTEXT",
        model_repository=tmp_path / "models",
        triton_tls=False,
    )
    return Versions(settings, tmp_path / "scratch")


def test_swaps_promote_and_roll_back_in_turn(versions: Versions, release: FakeRelease) -> None:
    lived = [versions.live]
    for _ in range(3):
        versions.install()
        versions.swap()
        lived.append(versions.live)
    assert lived == release.live == ["1", "2", "1", "2"]
    assert len(release.installed) == 1, "a second load would be another fault"


def test_the_second_version_says_something_else_about_every_message(
    versions: Versions, release: FakeRelease, tmp_path: Path
) -> None:
    versions.install()
    first, second = (
        ModelProfile.model_validate_json((folder / "bundle.json").read_bytes())
        for folder in (tmp_path / "models" / MODEL / "1", release.installed[0])
    )
    assert second.diagnosis_temperature > first.diagnosis_temperature
    assert second.urgency_temperature > first.urgency_temperature
    assert second.thresholds == first.thresholds


def test_nothing_is_promoted_that_was_not_installed(versions: Versions, release: FakeRelease) -> None:
    with pytest.raises(NotReleasable):
        versions.swap()
    assert release.live == ["1"]


def test_an_install_that_the_server_refused_is_taken_again(versions: Versions, release: FakeRelease) -> None:
    release.refusals = 1
    with pytest.raises(ServerRefused):
        versions.install()
    versions.install()
    versions.swap()
    assert versions.live == "2"
