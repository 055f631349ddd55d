"""De-identification: identifiers go, clinical values stay, red flags stay."""

import string
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.adapters import deidentify
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules

DEIDENTIFIER = PatternDeIdentifier(clinical_words(load_red_flag_rules()))
RED_FLAG_CASES: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parents[1] / "domain" / "red_flag_cases.toml").read_text(encoding="utf-8")
)
RED_FLAG_SENTENCES = [text for case in RED_FLAG_CASES.values() for text in case["fires"]]
MAX_SECONDS_FOR_A_LONG_TEXT = 1.0

IDENTIFIERS = [
    ("write to jane.doe+er@mail.example.co.uk.", "write to [EMAIL]."),
    ("see https://example.org/a?b=1 now", "see [URL] now"),
    ("www.example.org", "[URL]"),
    ("from 192.168.0.1 today", "from [IP] today"),
    ("6e40:4041:c617:e898:c11:40d2:c669:2eb4", "[IP]"),
    ("id 11010519491231002X", "id [RESIDENT_ID]"),
    ("SSN 123-45-6789", "SSN [SSN]"),
    ("NHS 943 476 5919", "NHS [NHS_NUMBER]"),
    ("9434765919", "[NHS_NUMBER]"),
    ("GB82 WEST 1234 5698 7654 32", "[ACCOUNT]"),
    ("DOB 12/03/1980", "DOB [DATE]"),
    ("born 1980-03-12", "born [DATE]"),
    ("on March 12, 1980", "on [DATE]"),
    ("on 12th of March 1980", "on [DATE]"),
    ("1980年3月12日出生", "[DATE]出生"),
    ("MRN: 445566", "MRN: [ID]"),
    ("policy number is AB-99812", "policy number is [ID]"),
    ("住院号：0012345", "住院号：[ID]"),
    ("card 4351130092557588", "card [ID]"),
    ("call (555) 123-4567", "call [PHONE]"),
    ("541-714-1388 x12", "[PHONE]"),
    ("5552345678", "[PHONE]"),
    ("07700 900123", "[PHONE]"),
    ("+44 20 7946 0958", "[PHONE]"),
    ("+1-984-182-0190", "[PHONE]"),
    ("020 7946 0958", "[PHONE]"),
    ("手机13812345678", "手机[PHONE]"),
    ("call me on 467 3395", "call me on [PHONE]"),
    ("zip code is 90210", "zip code is [POSTCODE]"),
    ("NW1 6XE", "[POSTCODE]"),
    ("Beverly Hills CA 90210", "Beverly Hills CA [POSTCODE]"),
    ("at 12 High Street", "at [ADDRESS]"),
    ("123 North Main St Apt 4", "[ADDRESS]"),
    ("PO Box 1234", "[ADDRESS]"),
    ("家住北京市朝阳区建国路12号，", "家住[ADDRESS]，"),
    ("Dr. Smith said", "Dr. [NAME] said"),
    ("Mrs. Ann-Marie O'Neill called", "Mrs. [NAME] called"),
    ("seen by DR SMITH CHEST PAIN", "seen by DR [NAME] CHEST PAIN"),
    ("My name is Jane Doe and I cough", "My name is [NAME] and I cough"),
    ("my name is jane and i cough", "my name is [NAME] and i cough"),
    ("This is Mary Jones calling about", "This is [NAME] calling about"),
    ("Patient: Jane Doe", "Patient: [NAME]"),
    ("Name: Jane", "Name: [NAME]"),
    ("Thanks,\nJane Doe", "Thanks,\n[NAME]"),
    ("I am Fatima Hassan, 54", "I am [NAME], 54"),
    ("I'm María García and I cough", "I'm [NAME] and I cough"),
    ("Jamal Robinson here. Chest pain", "[NAME] here. Chest pain"),
    ("Greg Baker, 54 years old, chest pain", "[NAME], 54 years old, chest pain"),
    ("Patient Wang Xiuying: chest pain", "Patient [NAME]: chest pain"),
    ("my son Jack fell", "my son [NAME] fell"),
    ("It hurts. Regards, Emily Walsh", "It hurts. Regards, [NAME]"),
    ("my name is maría garcía, i cough", "my name is [NAME] [NAME], i cough"),
    ("我叫张三，头痛", "我叫[NAME]，头痛"),
    ("姓名：欧阳娜娜，女", "姓名：[NAME]，女"),
    ("患者王小明，男，45岁", "患者[NAME]，男，45岁"),
]

CLINICAL = [
    "BP 120/80, HR 88, RR 16, SpO2 98%, T 38.5",
    "BP 180/120 120 80 98 36.5",
    "pain 8/10 for 3 days, worse since 2 weeks ago",
    "500 mg twice daily, 0.5 ml, 10-20 mg, 1,000 units",
    "at 10:30 and 22:15:30 yesterday",
    "45 years old, 45M, 62-year-old, 3 month old",
    "stroke in 2010",
    "GCS 15, Hb 7.2, WBC 12.5, platelets 250000",
    "G2P1 at 34+2 weeks",
    "L4/L5, T12, C5-C6, V1-V4 ST elevation 2 mm",
    "Patient: Chest Pain",
    "PATIENT: UNRESPONSIVE",
    "My name is on the list",
    "患者高热，男，45岁",
    "患者昏迷，女",
    "我是胸痛，很痛",
    "血压180/120，心率110，3天",
    "this is a pain that",
    "I took 2 paracetamol at 8pm, 2 more at 10",
    "999 and 911",
    "I am HIV Positive.",
    "I'm Feeling Suicidal.",
    "My father Alzheimer's, my mother Diabetes",
    "this is Crohn's Disease.",
    "My wife Tuesday fell",
    "Severe Pain here. Patient Presenting Complaint: cough",
    "I am Very Worried, 54 years old",
]


@pytest.mark.parametrize(("text", "expected"), IDENTIFIERS)
def test_an_identifier_is_replaced_by_its_kind(text: str, expected: str) -> None:
    assert DEIDENTIFIER.deidentify(text).text == expected


@pytest.mark.parametrize("text", CLINICAL)
def test_clinical_values_stay(text: str) -> None:
    assert DEIDENTIFIER.deidentify(text).text == text


@pytest.mark.parametrize("text", RED_FLAG_SENTENCES)
def test_a_red_flag_sentence_is_never_altered(text: str) -> None:
    for layout in (text, text.upper(), text.title(), f"Dr. Smith: {text}"):
        left = DEIDENTIFIER.deidentify(layout).text
        assert left in {layout, layout.replace("Smith", "[NAME]")}


def test_counts_are_kept_per_kind() -> None:
    result = DEIDENTIFIER.deidentify("a@b.org, c@d.org, 07700 900123")
    assert result.redaction_counts == {"EMAIL": 2, "PHONE": 1}


@given(
    st.lists(st.sampled_from([text for text, _ in IDENTIFIERS] + CLINICAL + RED_FLAG_SENTENCES), max_size=6)
)
@settings(max_examples=150, deadline=None)
def test_a_second_pass_finds_nothing(sentences: list[str]) -> None:
    once = DEIDENTIFIER.deidentify("\n".join(sentences)).text
    assert DEIDENTIFIER.deidentify(once).text == once


@given(
    st.lists(
        st.sampled_from([text for text, _ in IDENTIFIERS])
        | st.text(alphabet=string.ascii_letters + string.digits + " .:-/@#\n：名٣", max_size=12),
        max_size=4,
    )
)
@settings(max_examples=300, deadline=None)
def test_a_recogniser_that_is_left_out_would_have_found_nothing(parts: list[str]) -> None:
    text = " ".join(parts)
    found = DEIDENTIFIER.find(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deidentify, "recognizers_for", lambda _: deidentify.ALL_RECOGNIZERS)
        assert DEIDENTIFIER.find(text) == found


def test_digits_of_another_script_are_digits() -> None:
    assert DEIDENTIFIER.deidentify("SSN ١٢٣-٤٥-٦٧٨٩").text == "SSN [SSN]"


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_identifiers_lie_inside_the_text_in_order(text: str) -> None:
    found = DEIDENTIFIER.find(text)
    edges = [edge for identifier in found for edge in (identifier.start, identifier.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "1 ",
        "A ",
        "Mr ",
        "0-",
        "+1",
        "@",
        "a@",
        "1/",
        "www.",
        "我叫",
        "a.",
        "12 High ",
        "1:",
        "Name: ",
    ],
)
def test_a_long_text_is_read_in_bounded_time(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    started_s = time.process_time()
    DEIDENTIFIER.deidentify(text)
    assert time.process_time() - started_s < MAX_SECONDS_FOR_A_LONG_TEXT
