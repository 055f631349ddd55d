"""The versions of one model in the folder that Triton serves from. A version is there whole or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from pydantic import ValidationError

from ops.release.errors import Busy, NotAVersion, NotReleasable
from streams.adapters.model_bundle import ModelBundle, load_bundle
from streams.adapters.triton import OUTPUTS
from streams.domain.profile import ModelProfile
from streams.text import vitals_vector
from trainer.bundle import FILES, write_profile

__all__ = ["ModelVersions"]

_BUNDLE, _GRAPH, _SERVER_CODE, _CARD, _CARD_TEXT = (
    "bundle.json",
    "model.onnx",
    "model.py",
    "model_card.json",
    "MODEL_CARD.md",
)
_STAGING, _RETIRED = ".staging", ".retired"
_LOCK_WAIT_S = 60.0
_URGENCY_LEVELS = 5
_PROBE_TEXT = "chest pain"


class ModelVersions:
    """`folder`: the model's, with one folder a version. Staging lies beside it, on the same file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name

    def path(self, version: str) -> Path:
        """Where a version is, or would be."""
        return self.folder / version

    def numbers(self) -> list[int]:
        """All versions that are there."""
        return sorted(int(path.name) for path in self.folder.glob("[1-9]*") if path.name.isdigit())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who adds or takes away folders. Raises Busy. The kernel ends it with the process."""
        lock = FileLock(self.folder.parent / f".{self.name}.lock")
        try:
            lock.acquire(timeout=_LOCK_WAIT_S)
        except Timeout:
            raise Busy(f"another version of {self.name} is installed or retired just now") from None
        except OSError as cause:
            raise NotReleasable(f"{self.folder.parent}: {cause.strerror}") from None
        try:
            yield
        finally:
            lock.release()

    def same_as(self, source: Path, told: Callable[[str], None] = lambda _: None) -> str | None:
        """The version that was made of the same files, if it is there. Raises NotAVersion where `source` is none.

        `told` hears of folders that cannot be read: none of them is the one.
        """
        wanted = _identity(source)
        for number in self.numbers():
            try:
                if _identity(self.path(str(number))) == wanted:
                    return str(number)
            except NotAVersion as broken:
                told(f"skipped {broken}")
        return None

    def stage(self, source: Path, version: str, like: str) -> Path:
        """Copy `source` as `version`, and see that it answers. Raises NotAVersion; nothing is left then.

        `like`: the version whose tensors it must fit, and whose code for the server it takes: no gate judges code.
        """
        staging = self.folder.parent / _STAGING
        staging.mkdir(exist_ok=True)
        holder = Path(tempfile.mkdtemp(dir=staging))
        copy = holder / self.name / version
        copy.mkdir(parents=True)
        try:
            for name in (*FILES, _CARD, _CARD_TEXT):
                if (source / name).exists():
                    shutil.copyfile(source / name, copy / name)
            shutil.copyfile(self.path(like) / _SERVER_CODE, copy / _SERVER_CODE)
            _rename(copy, self.name, version)
            _check_answers(copy, load_bundle(self.path(like)))
        except (OSError, ValueError) as cause:
            shutil.rmtree(holder)
            raise NotAVersion(f"{source}: {cause}") from None
        except BaseException:
            shutil.rmtree(holder)
            raise
        return copy

    def publish(self, staged: Path) -> Path:
        """Move a staged version to where the server reads it, in one step. Raises FileExistsError."""
        target = self.path(staged.name)
        if target.exists():
            raise FileExistsError(target)
        staged.rename(target)
        shutil.rmtree(staged.parents[1], ignore_errors=True)
        return target

    def withdraw(self, version: str) -> None:
        """Take a version out of the server's sight; it is kept."""
        kept = self.folder.parent / _RETIRED / self.name
        kept.mkdir(parents=True, exist_ok=True)
        if self.path(version).exists():
            self.path(version).rename(kept / version)

    def find(self, version: str) -> Path | None:
        """A version's folder, also of a retired one."""
        places = (self.path(version), self.folder.parent / _RETIRED / self.name / version)
        return next((place for place in places if place.exists()), None)

    def next_number(self) -> int:
        """Numbers are never used again, not those of retired versions either."""
        retired = (self.folder.parent / _RETIRED / self.name).glob("[1-9]*")
        return (
            max([*self.numbers(), *(int(path.name) for path in retired if path.name.isdigit())], default=0)
            + 1
        )

    def clear_staging(self) -> None:
        """Remove what a crash left. Only for the one who installs."""
        shutil.rmtree(self.folder.parent / _STAGING, ignore_errors=True)


def _profile(folder: Path) -> ModelProfile:
    try:
        return ModelProfile.model_validate_json((folder / _BUNDLE).read_bytes())
    except (OSError, ValidationError) as cause:
        raise NotAVersion(f"{folder}: no valid {_BUNDLE} ({type(cause).__name__})") from None


def _identity(folder: Path) -> str:
    """The digest of what answers, whatever number it goes by. Raises NotAVersion."""
    digest = hashlib.sha256(
        _profile(folder).model_copy(update={"name": "", "version": ""}).model_dump_json().encode()
    )
    for name in FILES:
        if name == _BUNDLE:
            continue
        try:
            digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
        except OSError as cause:
            raise NotAVersion(f"{folder}: {name}: {cause.strerror}") from None
    return digest.hexdigest()


def _rename(folder: Path, name: str, version: str) -> None:
    """Let bundle and card say the new number."""
    profile = _profile(folder)
    write_profile(profile.model_copy(update={"name": name, "version": version}), folder)
    digest = hashlib.sha256((folder / _BUNDLE).read_bytes()).hexdigest()
    card, text = folder / _CARD, folder / _CARD_TEXT
    if not card.exists():
        return
    record: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    before = record.setdefault("files_sha256", {}).get(_BUNDLE)
    record["files_sha256"][_BUNDLE] = digest
    record.update(name=name, version=version)
    card.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if text.exists():
        told = text.read_text(encoding="utf-8")
        told = told.replace(f"# {profile.name} {profile.version}\n", f"# {name} {version}\n", 1)
        text.write_text(told.replace(before, digest) if before else told, encoding="utf-8")


def _check_answers(folder: Path, like: ModelBundle) -> None:
    """Raises ValueError where the graph doesn't answer within the contract, or not in the tensors of `like`."""
    bundle = load_bundle(folder)
    if bundle.domain.mean.shape[-1] != like.domain.mean.shape[-1] or len(bundle.profile.labels) != len(
        like.profile.labels
    ):
        raise ValueError(
            "its tensors are not those of the served model: another size of embedding or label set"
        )
    vitals = vitals_vector(None, age_years=None, sex=None, pregnant=None)
    ids = bundle.windower.encode([_PROBE_TEXT], [vitals])[0][0].input_ids
    feed = {"input_ids": ids[None], "attention_mask": np.ones_like(ids)[None], "vitals": vitals[None]}
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # half a second that a rollback need not wait for

    try:
        session = onnxruntime.InferenceSession(folder / _GRAPH, providers=["CPUExecutionProvider"])
        answer = dict(zip(OUTPUTS, session.run(list(OUTPUTS), feed), strict=True))
    except Exception as cause:  # noqa: BLE001 - its errors have no common base but this one
        raise ValueError(f"{_GRAPH} does not answer ({type(cause).__name__})") from None
    widths = {"diagnosis_logits": len(bundle.profile.labels), "urgency_logits": _URGENCY_LEVELS}
    for name, value in answer.items():
        if not np.isfinite(value).all() or value.shape[-1] != widths.get(name, value.shape[-1]):
            raise ValueError(f"{_GRAPH}: {name} is not what the contract says")
