"""Two versions of the model that answer differently, and the product's own steps from one to the other."""

import shutil
from contextlib import closing
from pathlib import Path

from ops.release.errors import NotReleasable
from ops.release.evidence import Permission
from ops.release.release import Author, Release, open_release
from streams.domain.profile import ModelProfile
from streams.settings import ModelServerSettings
from trainer.bundle import write_profile

__all__ = ["Versions"]

_AUTHOR = Author(by="chaos", reason="swapped under load")
_COOLER = 1.25
"""Factor on both temperatures: every probability differs, so two versions never say the same about a message."""


class Versions:
    """`live` is the version that decides, `first` the one that did before any change."""

    def __init__(self, settings: ModelServerSettings, scratch: Path) -> None:
        self.first = self.live = settings.model_version
        self._settings = settings
        self._second = scratch / settings.model_name / "second"
        self._number: str | None = None

    def install(self) -> None:
        """Have the second version beside the first, loaded. Raises ReleaseRefused.

        Once: a second load would have the server load both anew, and the swap would not be all that happens.
        """
        if self._number is not None:
            return
        if not self._second.exists():
            _write_another(self._settings.model_dir, self._second)
        release = open_release(self._settings)
        with release.server, closing(release.log):
            self._number = release.install(self._second, _AUTHOR)

    def swap(self) -> None:
        """Promote the second version, or roll back from it. Raises ReleaseRefused, Unavailable, KafkaException."""
        release = open_release(self._settings)
        with release.server, closing(release.log):
            if release.live_version() == self.first:
                self._promote(release)
            else:
                release.roll_back(_AUTHOR)
            self.live = release.live_version()

    def _promote(self, release: Release) -> None:
        if self._number is None:
            raise NotReleasable("the second version was never installed")
        release.promote(
            self._number, _AUTHOR, lambda _candidate, _live: Permission(without_gate=_AUTHOR.reason)
        )


def _write_another(source: Path, target: Path) -> None:
    """Copy a version, with other temperatures of calibration."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    profile = ModelProfile.model_validate_json((source / "bundle.json").read_bytes())
    temperatures = {
        name: getattr(profile, name) * _COOLER for name in ("diagnosis_temperature", "urgency_temperature")
    }
    write_profile(profile.model_copy(update=temperatures), target)
