"""The sources of others, where they are at hand."""

import tarfile
from pathlib import Path

import pytest

from trainer.data import fhir, importing
from trainer.data.errors import NothingToLearn
from trainer.data.fhir.reading import read_resources
from trainer.data.fhir.resources import Encounter, Observation
from trainer.data.leaks import find_leaks

DATA = Path(__file__).parents[5] / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not beside the checkout"),
]


@pytest.mark.parametrize(
    ("source", "rows"),
    [("symptom2disease", 1200), ("ktas", 1246), ("medquad", 382), ("ddxplus", 49), ("toyhom", 7644)],
)
def test_every_row_of_a_source_that_says_anything_is_read(source: str, rows: int) -> None:
    dataset = importing.import_public(source, DATA, seed=1)
    assert dataset.manifest.rows == rows
    assert dataset.manifest.origins[0].file_sha256 is not None
    if source != "medquad":  # whose record names a commit
        assert dataset.manifest.origins[0].file_sha256 in dataset.manifest.origins[0].provenance


def test_in_real_visits_absence_tells_the_urgency() -> None:
    uneven = {
        found.field: found for found in find_leaks(importing.import_public("ktas", DATA, seed=1)).uneven
    }
    assert uneven["spo2_percent"].urgent > uneven["spo2_percent"].others


def test_the_standards_own_examples_are_read_and_hold_no_labelled_visit(tmp_path: Path) -> None:
    with tarfile.open(DATA / "fhir_r4_examples" / "fhir-r4-examples.tar.gz") as archive:
        for member in archive.getmembers():
            if member.isfile():
                (tmp_path / Path(member.name).name).write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]
    resources = read_resources(tmp_path)
    assert len(resources.all(Encounter)) == 11
    assert len(resources.all(Observation)) > 100
    with pytest.raises(NothingToLearn, match="none of 11 encounters"):
        fhir.load(tmp_path, "examples")


def test_known_leaks_of_a_real_source_are_found() -> None:
    failures = find_leaks(importing.import_public("medquad", DATA, seed=1)).failures
    assert any("cancer name it" in failure for failure in failures)
