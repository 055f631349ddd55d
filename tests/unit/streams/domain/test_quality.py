"""Quality: what is impossible becomes null and is flagged, nothing is converted."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas import PatientMessage, QualityFlag, SentVitalSigns, VitalSigns
from streams.domain.quality import POSSIBLE_RANGES, QualityResult, check

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def checked(
    text: str = "cough",
    *,
    sent_at: datetime = NOW,
    age_years: float | None = None,
    vitals: dict[str, float] | None = None,
) -> QualityResult:
    message = PatientMessage(
        message_id="m1",
        patient_id="p1",
        source="test",
        sent_at=sent_at,
        text=text,
        age_years=age_years,
        vitals=SentVitalSigns.model_validate(vitals) if vitals else None,
    )
    return check(message, received_at=NOW)


def test_a_sound_message_passes_unchanged() -> None:
    vitals = {"heart_rate_bpm": 70.0, "systolic_bp_mmhg": 120.0, "diastolic_bp_mmhg": 80.0}
    result = checked("咳嗽\tcough\n", age_years=40.0, vitals=vitals)
    assert result.flags == ()
    assert result.text == "咳嗽\tcough\n"
    assert result.vitals == VitalSigns.model_validate(vitals)


@pytest.mark.parametrize("name", POSSIBLE_RANGES)
def test_both_ends_of_a_range_are_possible(name: str) -> None:
    for value in POSSIBLE_RANGES[name]:
        assert checked(vitals={name: value}).flags == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heart_rate_bpm", 0.0),
        ("heart_rate_bpm", 999.0),
        ("respiratory_rate_bpm", -5.0),
        ("temperature_c", 98.6),
        ("temperature_c", 3.7),
        ("spo2_percent", 101.0),
        ("spo2_percent", 0.98),
        ("systolic_bp_mmhg", 1200.0),
        ("diastolic_bp_mmhg", 0.0),
        ("pain_score", 11.0),
    ],
)
def test_an_impossible_value_becomes_null_and_is_flagged(name: str, value: float) -> None:
    result = checked(vitals={name: value})
    assert result.flags == (QualityFlag.VITAL_OUT_OF_RANGE,)
    assert result.out_of_range_fields == (name,)
    assert result.vitals == VitalSigns()


@pytest.mark.parametrize(("systolic", "diastolic"), [(80.0, 120.0), (90.0, 90.0)])
def test_inverted_blood_pressure_loses_both_values(systolic: float, diastolic: float) -> None:
    result = checked(
        vitals={"systolic_bp_mmhg": systolic, "diastolic_bp_mmhg": diastolic, "heart_rate_bpm": 70.0}
    )
    assert result.flags == (QualityFlag.BLOOD_PRESSURE_INVERTED,)
    assert result.vitals == VitalSigns(heart_rate_bpm=70.0)
    assert set(result.out_of_range_fields) == {"systolic_bp_mmhg", "diastolic_bp_mmhg"}


@pytest.mark.parametrize("age_years", [-1.0, 124.0, 1980.0])
def test_an_impossible_age_becomes_null(age_years: float) -> None:
    result = checked(age_years=age_years)
    assert (result.age_years, result.flags) == (None, (QualityFlag.AGE_OUT_OF_RANGE,))


@pytest.mark.parametrize(("ahead", "flagged"), [(timedelta(minutes=5), False), (timedelta(minutes=6), True)])
def test_a_timestamp_in_the_future_is_flagged_beyond_five_minutes(ahead: timedelta, flagged: bool) -> None:
    assert (QualityFlag.FUTURE_TIMESTAMP in checked(sent_at=NOW + ahead).flags) is flagged


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\x9b"])
def test_control_characters_become_spaces_one_for_one(control: str) -> None:
    result = checked(f"chest{control}pain\n")
    assert result.text == "chest pain\n"
    assert result.flags == (QualityFlag.CONTROL_CHARACTERS,)


@pytest.mark.parametrize("text", ["😀😀", "120/80", "?!...", " \n"])
def test_a_text_without_letters_is_flagged(text: str) -> None:
    assert QualityFlag.NO_WORDS in checked(text).flags


@pytest.mark.parametrize("text", ["痛", "ألم", "боль", "😀 ow"])
def test_letters_of_any_script_are_words(text: str) -> None:
    assert checked(text).flags == ()
