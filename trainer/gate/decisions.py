"""Rows become admitted messages, and two versions decide about them as service would: rules, thresholds and all."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from schemas import AdmittedMessage, Origin, PatientMessage, Producer, SentVitalSigns, Sex
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.language import ScriptLanguageIdentifier
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules, load_red_flag_screen
from streams.domain.acuity import AcuityPolicy
from streams.domain.admission import Admission
from streams.domain.decide import Decision, decide, is_assessable
from streams.domain.reading import ModelReading, read_windows
from streams.text import VITALS_FIELDS, vital_signs, vitals_vector
from streams.version import VERSION
from trainer.data.rows import Row
from trainer.evaluation import JudgedVersion

__all__ = ["Decided", "admit", "decide_all"]

_LEVELS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What one version decides about k messages; levels as indices from 0.

    `published` [k]: the level that goes out, rules included; `level` [k]: the model's most probable one, `model_level`
    [k] the one that the model alone would publish, `urgency` [k, 5] its probabilities. `label` [k]: the most probable
    label as an index into the version's labels, `diagnosis` [k, d]; `withheld` [k]: it is not published. Where the
    model can't read a text: `assessable` [k] False, `label` -1, `level` and `model_level` 5 (none), probabilities 0.
    """

    published: NDArray[np.int64]
    level: NDArray[np.int64]
    model_level: NDArray[np.int64]
    urgency: NDArray[np.float64]
    label: NDArray[np.int64]
    diagnosis: NDArray[np.float64]
    withheld: NDArray[np.bool_]
    assessable: NDArray[np.bool_]


def admit(rows: Sequence[Row]) -> list[AdmittedMessage]:
    """Take `rows` through admission: quality, de-identification, red flags, language."""
    admission = Admission(
        deidentifier=PatternDeIdentifier(clinical_words(load_red_flag_rules())),
        pseudonymizer=HmacPseudonymizer(secrets.token_bytes(32)),
        language_identifier=ScriptLanguageIdentifier(),
        red_flags=load_red_flag_screen(),
        policy=AcuityPolicy(),
        producer=Producer(service="gate", version=VERSION),
    )
    now = datetime.now(UTC)
    return [
        admission.admit(
            _message(row, str(number), now),
            origin=Origin(topic="gate", partition=0, offset=number),
            received_at=now,
            now=now,
        )
        for number, row in enumerate(rows)
    ]


def decide_all(version: JudgedVersion, messages: Sequence[AdmittedMessage], *, title: str) -> Decided:
    """Ask the version's own graph about each message, with its own tokenizer, calibration and thresholds."""
    assessable = np.array([is_assessable(message, version.profile) for message in messages], dtype=np.bool_)
    readings = iter(_read(version, [m for m, can in zip(messages, assessable, strict=True) if can], title))
    policy = AcuityPolicy()
    read = [next(readings) if can else None for can in assessable]
    decisions = [
        decide(message, reading, version.profile, policy)
        for message, reading in zip(messages, read, strict=True)
    ]
    return _collected(version, read, decisions, assessable)


def _read(version: JudgedVersion, messages: Sequence[AdmittedMessage], title: str) -> list[ModelReading]:
    if not messages:
        return []
    vitals = [
        vitals_vector(m.vitals, age_years=m.age_years, sex=m.sex, pregnant=m.pregnant) for m in messages
    ]
    windows = version.bundle.windower.encode([m.text for m in messages], vitals)
    answers = iter(version.graph.ask_windows([window for parts in windows for window in parts], title=title))
    return [
        read_windows(version.profile, version.bundle.domain, parts, list(islice(answers, len(parts))))
        for parts in windows
    ]


def _collected(
    version: JudgedVersion,
    read: Sequence[ModelReading | None],
    decisions: Sequence[Decision],
    assessable: NDArray[np.bool_],
) -> Decided:
    size, labels = len(read), len(version.profile.labels)
    urgency, diagnosis = np.zeros((size, _LEVELS)), np.zeros((size, labels))
    level, model_level = (np.full(size, _LEVELS, dtype=np.int64) for _ in range(2))
    for number, reading in enumerate(read):
        if reading is not None:
            urgency[number] = reading.urgency_probabilities
            diagnosis[number] = list(reading.diagnosis_probabilities.values())
            level[number], model_level[number] = reading.urgency_level - 1, reading.plausible_level - 1
    return Decided(
        published=np.array([decision.urgency.level - 1 for decision in decisions], dtype=np.int64),
        level=level,
        model_level=model_level,
        urgency=urgency,
        label=np.where(assessable, diagnosis.argmax(axis=1), -1),
        diagnosis=diagnosis,
        withheld=np.array([decision.diagnosis.abstained for decision in decisions], dtype=np.bool_),
        assessable=assessable,
    )


def _message(row: Row, message_id: str, now: datetime) -> PatientMessage:
    known = dict(zip(VITALS_FIELDS, row.vitals.tolist(), strict=True))
    age_years, is_female, pregnant = (
        None if np.isnan(known[name]) else known[name] for name in ("age_years", "sex_female", "pregnant")
    )
    sex = None if is_female is None else (Sex.FEMALE if is_female else Sex.MALE)
    return PatientMessage(
        message_id=message_id,
        patient_id=message_id,
        sent_at=now,
        source="gate",
        language=row.language,
        text=row.text,
        age_years=age_years,
        sex=sex,
        pregnant=None if pregnant is None else pregnant == 1.0,
        vitals=SentVitalSigns.model_validate(vital_signs(row.vitals).model_dump()),
    )
