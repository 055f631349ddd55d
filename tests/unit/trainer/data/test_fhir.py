"""A FHIR export written here: visits become rows, and what cannot be used is named by its place."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from streams.text import VITALS_FIELDS
from trainer.data import fhir, importing
from trainer.data.errors import BadRows, NothingToLearn, Undecodable
from trainer.data.fhir.codes import label_of
from trainer.data.rows import Row

LOINC, SNOMED, ICD = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
Resource = dict[str, Any]


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def patient(name: str = "p1", **changed: Any) -> Resource:
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1960-11-26", **changed}


def encounter(name: str = "e1", **changed: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-11-26T08:00:00+00:00"},
        "reasonCode": [{"text": f"story {name}"}],
        **changed,
    }


def observation(code: str, visit: str = "e1", at: str | None = "08:10", **value: Any) -> Resource:
    found = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(LOINC, code),
        "encounter": {"reference": f"Encounter/{visit}"},
        **value,
    }
    return {**found, "effectiveDateTime": f"2026-11-26T{at}:00Z"} if at else found


def quantity(value: float, code: str | None, **more: Any) -> Resource:
    return {"valueQuantity": {"value": value, **({"code": code} if code else {}), **more}}


def condition(code: str, visit: str = "e1", name: str = "c1", **changed: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": name,
        "code": concept(ICD, code),
        "encounter": {"reference": f"Encounter/{visit}"},
        **changed,
    }


OTHER = [
    encounter("e2"),
    observation("75636-1", "e2", valueCodeableConcept=concept(LOINC, "LA21754-9")),
    condition("J45.9", "e2", "c2"),
    encounter("e8"),
    observation("75636-1", "e8", valueInteger=5),
    condition("E10.1", "e8", "c8"),
]
LEVEL = observation("75636-1", valueInteger=2)


def written(folder: Path, *resources: Resource) -> Path:
    (folder / "export.ndjson").write_text("\n".join(map(json.dumps, resources)), encoding="utf-8")
    return folder


def first(folder: Path, *resources: Resource) -> Row:
    """The row of e1, beside two other visits that give each task two labels."""
    return fhir.load(written(folder, patient(), encounter(), *resources, *OTHER), "here").rows[0]


def vital(row: Row, name: str) -> float:
    return float(row.vitals[VITALS_FIELDS.index(name)])


def faults(folder: Path, *resources: Resource) -> list[tuple[int, str]]:
    with pytest.raises(BadRows) as caught:
        first(folder, *resources)
    return [(cell.row, cell.column) for cell in caught.value.cells]


def test_a_visit_becomes_complaint_vital_signs_level_and_diagnosis(tmp_path: Path) -> None:
    row = first(
        tmp_path,
        LEVEL,
        condition("I21.4"),
        observation("8867-4", **quantity(104, "/min")),
        observation("8310-5", **quantity(102.2, "[degF]")),
        observation(
            "85354-9",
            component=[
                {"code": concept(LOINC, "8480-6"), **quantity(150, "mm[Hg]")},
                {"code": concept(LOINC, "8462-4"), **quantity(90, "mm[Hg]")},
            ],
        ),
        observation("80288-4", valueCodeableConcept=concept(SNOMED, "300202002")),
        observation("3151-8", **quantity(2, "L/min")),
        observation("72514-3", valueInteger=7),
        observation("82810-3", valueCodeableConcept=concept(LOINC, "LA4489-6")),
    )
    assert (row.text, row.urgency_level, row.diagnosis) == ("story e1", 2, "heart_disease")
    known = {
        name: value
        for name, value in zip(VITALS_FIELDS, row.vitals.tolist(), strict=True)
        if not math.isnan(value)
    }
    assert known == pytest.approx(
        {
            "age_years": 66,
            "sex_female": 1,
            "heart_rate_bpm": 104,
            "systolic_bp_mmhg": 150,
            "diastolic_bp_mmhg": 90,
            "temperature_c": 39,
            "supplemental_oxygen": 1,
            "pain_score": 7,
            "consciousness": 2,
        },
        abs=0.01,
    )


def test_the_words_of_the_chief_complaint_go_before_the_coded_reason(tmp_path: Path) -> None:
    assert first(tmp_path, LEVEL, observation("8661-1", valueString="my chest")).text == "my chest"


def test_of_several_values_the_earliest_counts_and_later_ones_do_not_leak(tmp_path: Path) -> None:
    row = first(
        tmp_path,
        observation("75636-1", at="09:30", valueInteger=1),
        LEVEL,
        observation("2708-6", at="11:00", **quantity(99, "%")),
        observation("59408-5", at="08:05", **quantity(88, "%")),
    )
    assert (row.urgency_level, vital(row, "spo2_percent")) == (2, 88)


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        (observation("8867-4", **quantity(104, "/h")), "valueQuantity.code"),
        (observation("8867-4", **quantity(104, None)), "valueQuantity.code"),
        (observation("8867-4", **quantity(999, "/min")), "value"),
        (observation("2708-6", **quantity(0.98, "%")), "value"),
        (observation("2708-6", **quantity(70, "%", comparator="<")), "valueQuantity.comparator"),
        (observation("8867-4", valueInteger=104), "value"),
        (observation("8867-4", valueString="fast"), "value"),
        (observation("80288-4", valueCodeableConcept=concept(SNOMED, "1")), "valueCodeableConcept"),
    ],
)
def test_a_vital_sign_that_cannot_be_used_is_named_or_blank_when_asked_for(
    tmp_path: Path, resource: Resource, field: str
) -> None:
    assert faults(tmp_path, LEVEL, resource) == [(4, f"export.ndjson: Observation.{field}")]
    export = fhir.load(tmp_path, "here", blank_unusable=True)
    assert math.isnan(vital(export.rows[0], "heart_rate_bpm"))
    assert math.isnan(vital(export.rows[0], "spo2_percent"))


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        (observation("75636-1", valueInteger=6), "Observation.value"),
        (observation("75636-1", valueCodeableConcept=concept(LOINC, "secret")), "Observation.value"),
        ({**LEVEL, "valueQuantity": {"value": "secret"}}, "Observation.valueQuantity.value"),
        ({**LEVEL, "status": None}, "Observation.status"),
        (patient("p2", gender="secret"), "Patient.gender"),
        (patient(birthDate="1970-01-01"), "Patient.id"),
        ({"id": "secret"}, "resourceType"),
    ],
)
def test_a_resource_that_does_not_fit_is_named_by_its_line_without_its_content(
    tmp_path: Path, resource: Resource, field: str
) -> None:
    with pytest.raises(BadRows) as caught:
        first(tmp_path, resource)
    assert [(cell.row, cell.column) for cell in caught.value.cells] == [(3, f"export.ndjson: {field}")]
    assert "secret" not in str(caught.value)


def test_without_times_the_first_of_several_values_is_not_known(tmp_path: Path) -> None:
    two = [observation("8867-4", at=at, **quantity(80, "/min")) for at in ("08:10", None)]
    assert faults(tmp_path, LEVEL, *two) == [(5, "export.ndjson: Observation.effectiveDateTime")]


def test_a_line_that_is_no_json_and_a_line_in_another_encoding_are_named(tmp_path: Path) -> None:
    path = tmp_path / "export.ndjson"
    path.write_bytes(json.dumps(patient()).encode() + b"\n{secret\n")
    with pytest.raises(BadRows, match=r"row 2, column export\.ndjson: -: not JSON"):
        fhir.load(path, "here")
    path.write_bytes(b"\n\n" + json.dumps({"text": "fièvre"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(Undecodable) as caught:
        fhir.load(path, "here")
    assert caught.value.line == 3


def test_what_a_visit_does_not_say_stays_unknown(tmp_path: Path) -> None:
    changed = encounter("e3", subject={"reference": "Patient/young"}, reasonCode=[])
    export = fhir.load(
        written(
            tmp_path,
            patient("young", birthDate="2019"),
            changed,
            observation("8661-1", "e3", valueString="cough"),
            observation("75636-1", "e3", valueInteger=3),
            *OTHER,
        ),
        "here",
    )
    row = export.rows[0]
    assert (row.text, row.diagnosis) == ("cough", None)
    assert math.isnan(vital(row, "age_years"))
    assert math.isnan(vital(row, "pregnant"))


@pytest.mark.parametrize(
    "conditions",
    [
        [condition("I21.4"), condition("E11.9", name="c3")],
        [condition("I21.4", verificationStatus=concept("x/condition-ver-status", "refuted"))],
        [condition("I21.4", verificationStatus=concept("x/condition-ver-status", "unconfirmed"))],
        [condition("R07.9")],
        [{**condition("I21.4"), "code": {"text": "heart attack"}}],
    ],
    ids=["several", "refuted", "unconfirmed", "a symptom", "uncoded"],
)
def test_an_open_diagnosis_is_no_label(tmp_path: Path, conditions: list[Resource]) -> None:
    assert first(tmp_path, LEVEL, *conditions).diagnosis is None


def test_the_diagnosis_of_rank_1_is_the_label(tmp_path: Path) -> None:
    ranked = [
        {"condition": {"reference": "Condition/c1"}, "rank": 2},
        {"condition": {"reference": "Condition/c3"}, "rank": 1},
    ]
    resources = [condition("I10"), condition("E11.9", name="c3"), *OTHER]
    export = fhir.load(written(tmp_path, patient(), encounter(diagnosis=ranked), *resources), "here")
    assert export.rows[0].diagnosis == "diabetes"


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("C50.9", "cancer"),
        ("D05.1", None),
        ("D25.9", "normal"),
        ("E11.9", "diabetes"),
        ("E05.0", "normal"),
        ("i10", "hypertension"),
        ("I21.4", "heart_disease"),
        ("I26.9", None),
        ("I50.0", "heart_disease"),
        ("I63.9", "normal"),
        ("O24.4", None),
        ("R07.4", None),
        ("Z85.3", None),
        ("J18.9", "normal"),
        ("T78.2", "normal"),
        ("38341003", None),
    ],
)
def test_a_disease_has_the_label_of_its_block(code: str, label: str | None) -> None:
    assert label_of(code) == label


def test_a_bundle_is_read_through_its_full_urls_and_copies_count_once(tmp_path: Path) -> None:
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": {**patient(), "id": "p9"}},
        {"fullUrl": "urn:uuid:2", "resource": encounter(subject={"reference": "urn:uuid:1"})},
        {"resource": {**LEVEL, "encounter": {"reference": "urn:uuid:2"}}},
        *({"resource": resource} for resource in OTHER),
    ]
    for name in ("a.json", "b.json"):
        bundle = {"resourceType": "Bundle", "entry": entries[: 3 if name == "b.json" else None]}
        (tmp_path / name).write_text(json.dumps(bundle))
    export = fhir.load(tmp_path, "here")
    assert len(export.rows) == 3
    row = export.rows[0]
    assert (row.urgency_level, row.group, vital(row, "sex_female")) == (2, "here/patient 1", 1)


def test_what_is_left_out_is_counted_in_the_datasets_origin(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        patient(),
        encounter(),
        LEVEL,
        *OTHER,
        encounter("e5"),
        encounter("e6", reasonCode=[]),
        encounter("e7", status="cancelled"),
    )
    dataset = importing.import_fhir(path, "here", provenance="us", licence="none", seed=1)
    told = "3 labelled of 5 encounters, 1 left out with no label, 1 left out with no complaint"
    assert dataset.manifest.origins[0].description == told
    assert {row.group for row in dataset.rows} == {"here/patient 1"}


@pytest.mark.parametrize(
    "resources", [[], [patient()], [encounter(), LEVEL]], ids=["0", "no visit", "one class"]
)
def test_nothing_to_learn_is_an_error(tmp_path: Path, resources: list[Resource]) -> None:
    with pytest.raises(NothingToLearn):
        fhir.load(written(tmp_path, *resources), "here")


def test_a_folder_without_resources_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn, match="ndjson"):
        fhir.load(tmp_path, "here")
