"""A version enters the served repository whole, under the next number, or not at all."""

import json
import shutil
from pathlib import Path

import pytest

from ops.release.errors import Busy, NotAVersion, NotReleasable
from ops.release.evidence import by_report
from ops.release.repository import ModelVersions
from streams.adapters.model_bundle import load_bundle
from trainer.bundle import sha256_of

SERVED = Path(__file__).parents[4] / "model_repo" / "triage_bert" / "1"


def _copy(target: Path, *, abstain_below: float | None = None) -> Path:
    shutil.copytree(SERVED, target, ignore=shutil.ignore_patterns("__pycache__"))
    if abstain_below is not None:
        bundle = json.loads((target / "bundle.json").read_text())
        bundle["thresholds"]["diagnosis_abstain_below"] = abstain_below
        (target / "bundle.json").write_text(json.dumps(bundle, indent=2) + "\n")
    return target


@pytest.fixture
def versions(tmp_path: Path) -> ModelVersions:
    _copy(tmp_path / "models" / "triage_bert" / "1")
    return ModelVersions(tmp_path / "models" / "triage_bert")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return _copy(tmp_path / "run" / "triage_bert" / "1", abstain_below=0.55)


def test_a_version_gets_the_next_number_in_bundle_and_card(versions: ModelVersions, source: Path) -> None:
    (source / "float.onnx").write_bytes(b"not served")
    (source / "model.py").write_text("import os  # code that no gate has judged\n")
    path = versions.publish(versions.stage(source, "2", "1"))
    assert load_bundle(path).profile.version == "2"
    card = json.loads((path / "model_card.json").read_text())
    assert (card["version"], card["files_sha256"]) == ("2", sha256_of(path))
    assert (path / "MODEL_CARD.md").read_text().startswith("# triage_bert 2\n")
    assert card["files_sha256"]["bundle.json"] in (path / "MODEL_CARD.md").read_text()
    served, taken = (folder.joinpath("model.py").read_bytes() for folder in (SERVED, path))
    assert taken == served, "the server's code comes from the version that serves"
    assert not (path / "float.onnx").exists()
    assert (versions.numbers(), versions.next_number()) == ([1, 2], 3)


def test_the_same_content_is_the_same_version_under_any_number(versions: ModelVersions, source: Path) -> None:
    assert versions.same_as(source) is None
    versions.publish(versions.stage(source, "2", "1"))
    assert versions.same_as(source) == "2"
    assert versions.same_as(SERVED) == "1"


def test_a_broken_folder_beside_it_is_told_and_does_not_stand_in_the_way(
    versions: ModelVersions, source: Path
) -> None:
    versions.publish(versions.stage(source, "3", "1"))
    versions.path("2").mkdir()
    told: list[str] = []
    assert versions.same_as(source, told.append) == "3"
    assert len(told) == 1
    assert "triage_bert/2: no valid bundle.json" in told[0]
    shutil.rmtree(versions.path("3"))
    assert versions.same_as(source) is None
    assert versions.next_number() == 3
    (source / "domain.npz").unlink()
    with pytest.raises(NotAVersion):
        versions.same_as(source)


def test_nobody_else_adds_or_takes_away_folders_meanwhile(
    versions: ModelVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.release.repository._LOCK_WAIT_S", 0.0)
    with versions.locked(), pytest.raises(Busy), ModelVersions(versions.folder).locked():
        pass
    with ModelVersions(versions.folder).locked():
        pass


@pytest.mark.parametrize("broken", ["model.onnx", "bundle.json", "tokenizer.json", "domain.npz"])
def test_what_cannot_serve_leaves_nothing(versions: ModelVersions, source: Path, broken: str) -> None:
    (source / broken).write_bytes(b"broken")
    with pytest.raises(NotAVersion):
        versions.stage(source, "2", "1")
    assert versions.numbers() == [1]
    assert list((versions.folder.parent / ".staging").iterdir()) == []


def test_a_retired_number_is_not_given_again(versions: ModelVersions, source: Path) -> None:
    versions.publish(versions.stage(source, "2", "1"))
    versions.withdraw("2")
    versions.withdraw("2")
    assert (versions.numbers(), versions.next_number()) == ([1], 3)
    kept = versions.find("2")
    assert kept is not None
    assert load_bundle(kept).profile.version == "2"


def _report(folder: Path, *, passed: bool, candidate: Path, live: Path) -> Path:
    def judged(version: Path) -> dict[str, object]:
        profile = json.loads((version / "bundle.json").read_text())
        return {
            "name": profile["name"],
            "version": profile["version"],
            "files_sha256": sha256_of(version),
            "more": 1,
        }

    report = folder / "gate.json"
    report.write_text(
        json.dumps({"passed": passed, "candidate": judged(candidate), "live": judged(live), "checks": []})
    )
    return report


def test_a_report_on_the_files_before_they_had_their_number_counts(
    versions: ModelVersions, source: Path, tmp_path: Path
) -> None:
    report = _report(tmp_path, passed=True, candidate=source, live=SERVED)
    installed = versions.publish(versions.stage(source, "2", "1"))
    permission = by_report(report, installed, versions.path("1"))
    assert permission.gate_report_sha256 is not None
    assert permission.without_gate is None


def test_a_report_that_refused_or_judged_other_files_permits_nothing(
    versions: ModelVersions, source: Path, tmp_path: Path
) -> None:
    live = versions.path("1")
    with pytest.raises(NotReleasable, match="refused"):
        by_report(_report(tmp_path, passed=False, candidate=source, live=live), source, live)
    report = _report(tmp_path, passed=True, candidate=source, live=live)
    other = _copy(tmp_path / "other" / "triage_bert" / "1", abstain_below=0.6)
    with pytest.raises(NotReleasable, match=r"another candidate \(bundle.json differ"):
        by_report(report, other, live)
    with pytest.raises(NotReleasable, match="another live version"):
        by_report(report, source, other)
    (other / "domain.npz").unlink()
    with pytest.raises(NotReleasable, match="cannot be compared"):
        by_report(report, source, other)
    report.write_text("{}")
    with pytest.raises(NotReleasable, match="not a gate report"):
        by_report(report, source, live)
