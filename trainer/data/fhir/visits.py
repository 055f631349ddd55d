"""Encounters become rows: complaint, vital signs at triage, and as labels the triage level and the first diagnosis."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from streams.domain.quality import AGE_RANGE_YEARS
from streams.text import vitals_vector
from trainer.data.errors import BadCell, BadRows, NothingToLearn
from trainer.data.fhir.codes import label_of
from trainer.data.fhir.reading import Place, Resources, read_resources
from trainer.data.fhir.resources import Condition, Encounter, Observation, Patient, moment
from trainer.data.fhir.triage import Triage
from trainer.data.labels import check_labels
from trainer.data.rows import Row

__all__ = ["Export", "load"]

_NOT_MEANT = ("entered-in-error", "cancelled")
_LONGEST_TEXT_CHARACTERS = 10_000
_DAYS_A_YEAR = 365.25
_MONTH = len("2026-11")


@dataclass(frozen=True, slots=True)
class Export:
    """`left_out`: how many encounters had no complaint, or no label, by the reason."""

    rows: tuple[Row, ...]
    encounters: int
    left_out: dict[str, int]


def load(path: Path, source: str, *, blank_unusable: bool = False) -> Export:
    """Read a file or folder of a FHIR R4 export. Raises BadRows, Undecodable or NothingToLearn."""
    resources = read_resources(path)
    observed, diagnosed = _observed(resources), _diagnosed(resources)
    numbers = {id(patient): number for number, patient in enumerate(resources.all(Patient), start=1)}
    encounters = [one for one in resources.all(Encounter) if one.status not in _NOT_MEANT]
    rows: list[Row] = []
    faults: list[BadCell] = []
    left_out: Counter[str] = Counter()
    for encounter in encounters:
        place = resources.places[id(encounter)]
        triage = Triage(observed[id(encounter)], blank_unusable, faults)
        text = (triage.complaint() or _reason(encounter)).strip()
        level, diagnosis = triage.level(), _diagnosis(encounter, diagnosed[id(encounter)], resources)
        if len(text) > _LONGEST_TEXT_CHARACTERS:
            faults.append(place.fault("Encounter", f"text longer than {_LONGEST_TEXT_CHARACTERS} characters"))
        if not text or (level is None and diagnosis is None):
            left_out["no complaint" if not text else "no label"] += 1
            continue
        patient = resources.find(Patient, encounter.subject.reference if encounter.subject else None)
        vitals = vitals_vector(
            triage.vitals(),
            age_years=_age_years(patient, encounter, place, faults),
            sex=patient.gender if patient else None,
            pregnant=triage.pregnant(),
        )
        # Numbered: an id of a patient has no place in a dataset.
        group = (
            f"{source}/patient {numbers[id(patient)]}" if patient else f"{source}/{place.file} {place.row}"
        )
        rows.append(Row(source, text, group, vitals, diagnosis, level, encounter.language))
    if faults:
        raise BadRows(faults)
    if not rows:
        raise NothingToLearn(f"none of {len(encounters)} encounters has both a complaint and a label")
    check_labels(rows)
    return Export(tuple(rows), len(encounters), dict(left_out))


def _observed(resources: Resources) -> dict[int, list[tuple[Observation, Place]]]:
    found: dict[int, list[tuple[Observation, Place]]] = defaultdict(list)
    for observation in resources.all(Observation):
        encounter = resources.find(
            Encounter, observation.encounter.reference if observation.encounter else None
        )
        if encounter is not None and observation.status not in _NOT_MEANT:
            found[id(encounter)].append((observation, resources.places[id(observation)]))
    return found


def _diagnosed(resources: Resources) -> dict[int, list[Condition | None]]:
    found: dict[int, list[Condition | None]] = defaultdict(list)
    for condition in resources.all(Condition):
        encounter = resources.find(Encounter, condition.encounter.reference if condition.encounter else None)
        if encounter is not None:
            found[id(encounter)].append(condition)
    return found


def _reason(encounter: Encounter) -> str:
    return "; ".join(words for reason in encounter.reason_code if (words := reason.words))


def _diagnosis(encounter: Encounter, diagnosed: list[Condition | None], resources: Resources) -> str | None:
    """The label of the diagnosis with rank 1, or of the only one; where several could be it, there is none."""
    ranked = [one for one in encounter.diagnosis if one.rank == 1] or encounter.diagnosis
    named = [resources.find(Condition, one.condition.reference) for one in ranked] or diagnosed
    if len(named) != 1 or named[0] is None or named[0].code is None or not named[0].holds:
        return None
    labels = {label_of(code) for code in named[0].code.codes("icd-10")}
    return labels.pop() if len(labels) == 1 else None


def _age_years(
    patient: Patient | None, encounter: Encounter, place: Place, faults: list[BadCell]
) -> float | None:
    """Null where the birth date or the visit is not known to the month."""
    born = (patient.birth_date if patient else None) or ""
    began = (encounter.period.start if encounter.period else None) or ""
    dates = [moment(f"{date[:10]}-15"[:10] + "T00:00:00+00:00") for date in (born, began)]
    if min(len(born), len(began)) < _MONTH or dates[0] is None or dates[1] is None:
        return None
    years = (dates[1] - dates[0]).days / _DAYS_A_YEAR
    low, high = AGE_RANGE_YEARS
    if not low <= years <= high:
        faults.append(place.fault("Encounter.period.start", f"an age outside {low:g} to {high:g} years"))
        return None
    return years
