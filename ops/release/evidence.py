"""A gate's report as a permission: it passed, and it judged these very files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.release.errors import NotReleasable
from streams.domain.profile import ModelProfile
from trainer.bundle import FILES, sha256_of

__all__ = ["Permission", "by_report"]


@dataclass(frozen=True, slots=True)
class Permission:
    """What a promotion stands on: a report's digest, or the reason why there is none."""

    gate_report_sha256: str | None = None
    without_gate: str | None = None


class _Judged(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    version: str
    files_sha256: dict[str, str]


class _Report(BaseModel):
    """What is read of `trainer.gate`'s report."""

    model_config = ConfigDict(extra="ignore")

    passed: bool
    candidate: _Judged
    live: _Judged


def by_report(report_file: Path, candidate: Path, live: Path) -> Permission:
    """Return the permission that the report gives. Raises NotReleasable where it gives none for these two folders."""
    try:
        content = report_file.read_bytes()
        report = _Report.model_validate_json(content)
    except (OSError, ValidationError) as cause:
        raise NotReleasable(f"{report_file}: not a gate report ({type(cause).__name__})") from None
    if not report.passed:
        raise NotReleasable(f"{report_file}: the gate refused this version")
    for judged, folder, role in (
        (report.candidate, candidate, "candidate"),
        (report.live, live, "live version"),
    ):
        try:
            differing = _differing(judged, folder)
        except (OSError, ValidationError) as cause:
            raise NotReleasable(f"{folder}: cannot be compared ({type(cause).__name__})") from None
        if differing:
            raise NotReleasable(f"{report_file}: judged another {role} ({', '.join(differing)} differ)")
    return Permission(gate_report_sha256=hashlib.sha256(content).hexdigest())


def _differing(judged: _Judged, folder: Path) -> list[str]:
    """Names of the files that are not those judged. The bundle may carry another number than it did then."""
    there = sha256_of(folder)
    profile = ModelProfile.model_validate_json((folder / "bundle.json").read_bytes())
    as_judged = profile.model_copy(update={"name": judged.name, "version": judged.version})
    numbered = hashlib.sha256(f"{as_judged.model_dump_json(indent=2)}\n".encode()).hexdigest()
    accepted = {name: {there[name]} for name in FILES}
    accepted["bundle.json"].add(numbered)
    return [name for name in FILES if judged.files_sha256.get(name) not in accepted[name]]
