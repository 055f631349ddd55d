"""KTAS: 1,267 adult visits to two Korean emergency departments, with the level three experts agreed on.

Source: Moon et al., "Triage accuracy and causes of mistriage using the Korean Triage and Acuity Scale", PLOS ONE
14(9), 2019. Sex is coded 1 female, 2 male; mental state 1 alert, 2 verbal, 3 pain, 4 unresponsive (AVPU). Columns
known only after triage (nurse's level, diagnosis, disposition, times) would leak the answer and are not read.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from schemas import Consciousness, Sex, VitalSigns
from streams.text import vitals_vector
from trainer.data.errors import BadCell, BadRows
from trainer.data.rows import URGENCY_LEVELS, Row
from trainer.data.tables import read_table

__all__ = ["FILE", "SOURCE", "complaint_group", "load", "load_by_hospital", "parse"]

SOURCE = "ktas"
FILE = "ktas/data.csv"
_LEVEL = "KTAS_expert"
_HOSPITAL = "Group"
_COLUMNS = (
    *("Sex", "Age", "Chief_complain", "Mental", "Pain", "NRS_pain"),
    *("SBP", "DBP", "HR", "RR", "BT", "Saturation", _LEVEL),
)
_SEX = {"1": Sex.FEMALE, "2": Sex.MALE}
_CONSCIOUSNESS = {
    "1": Consciousness.ALERT,
    "2": Consciousness.VOICE,
    "3": Consciousness.PAIN,
    "4": Consciousness.UNRESPONSIVE,
}
_STEM_LETTERS = 3
_SIDES = frozenset({"lt", "rt", "left", "right", "both", "the", "and", "of", "in"})


def load(data_dir: Path) -> list[Row]:
    """Read the visits under `data_dir` (latin-1, `;`, decimal commas). Raises BadData."""
    return [parse(record) for record in _records(data_dir, _COLUMNS)]


def load_by_hospital(data_dir: Path) -> dict[str, list[Row]]:
    """Read the visits of each of the two hospitals, "1" and "2". Raises BadData."""
    visits: dict[str, list[Row]] = {}
    for record in _records(data_dir, (*_COLUMNS, _HOSPITAL)):
        visits.setdefault(record[_HOSPITAL], []).append(parse(record))
    return visits


def _records(data_dir: Path, columns: tuple[str, ...]) -> list[Mapping[str, str]]:
    table = list(read_table(data_dir / FILE, columns=columns, encoding="latin-1", delimiter=";"))
    faults = [
        BadCell(number, _LEVEL, "none of 1 (most urgent) to 5")
        for number, record in table
        if record[_LEVEL] not in map(str, URGENCY_LEVELS)
    ]
    if faults:
        raise BadRows(faults)
    return [record for _, record in table]


def parse(record: Mapping[str, str]) -> Row:
    """Turn one visit into a row."""
    complaint = record["Chief_complain"].strip()
    consciousness = _CONSCIOUSNESS.get(record["Mental"])
    vitals = VitalSigns(
        heart_rate_bpm=_number(record["HR"]),
        respiratory_rate_bpm=_number(record["RR"]),
        systolic_bp_mmhg=_number(record["SBP"]),
        diastolic_bp_mmhg=_number(record["DBP"]),
        temperature_c=_number(record["BT"]),
        spo2_percent=_number(record["Saturation"]),
        pain_score=_pain_score(record, consciousness),
        consciousness=consciousness,
    )
    return Row(
        source=SOURCE,
        text=complaint,
        group=f"{SOURCE}/{complaint_group(complaint)}",
        vitals=vitals_vector(
            vitals, age_years=_number(record["Age"]), sex=_SEX.get(record["Sex"]), pregnant=None
        ),
        urgency_level=int(record[_LEVEL]),
        language="en",
    )


def complaint_group(complaint: str) -> str:
    """Return a deliberately coarse key: the first letters of each word, sorted, without sides of the body.

    "Pain, abdominal", "abd. pain" and "Rt abdomen pain" are one group, so a test complaint is a new one.
    """
    words = set(re.findall(r"[a-z]+", complaint.lower())) - _SIDES
    return " ".join(sorted({word[:_STEM_LETTERS] for word in words if len(word) > 1})) or complaint.lower()


def _pain_score(record: Mapping[str, str], consciousness: Consciousness | None) -> float | None:
    # The score column is empty exactly where "pain" was answered no. That is a finding (0) in an alert patient;
    # in one who could not answer it is unknown.
    if record["Pain"] == "0":
        return 0.0 if consciousness is Consciousness.ALERT else None
    return _number(record["NRS_pain"])


def _number(cell: str) -> float | None:
    """Return the number, or None for the source's marks of absence (empty, "??", a broken spreadsheet error)."""
    cell = cell.strip().replace(",", ".")
    return float(cell) if re.fullmatch(r"\d+(\.\d+)?", cell) else None
