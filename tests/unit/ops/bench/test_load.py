"""Messages for benchmarks of the whole pipeline take the lane they are meant for."""

from itertools import islice

import pytest

from ops.bench.load import Load
from ops.cli.stack import served_repository
from schemas import AdmittedMessage, Lane, PatientMessage
from streams.adapters.model_bundle import load_bundle
from streams.domain.decide import is_assessable


@pytest.fixture(scope="module")
def load() -> Load:
    return Load.generate()


def test_no_two_messages_share_an_id_or_a_patient(load: Load) -> None:
    drawn = [load.raw_standard(), load.raw_red_flag(), load.raw_standard()]
    parsed = [PatientMessage.model_validate_json(payload) for _, payload in drawn]
    assert [message.message_id for message in parsed] == [message_id for message_id, _ in drawn]
    assert len({message.message_id for message in parsed}) == len(drawn)
    assert len({message.patient_id for message in parsed}) == len(drawn)


def test_standard_texts_have_the_standard_lane_and_red_flag_texts_a_red_flag(load: Load) -> None:
    assert all(message.lane is Lane.STANDARD for _, message in islice(load.standard_texts, 50))
    for _, message in islice(load.red_flag_texts, 50):
        assert message.lane is Lane.EXPRESS
        assert message.red_flags


def test_the_model_is_asked_about_every_text(load: Load) -> None:
    profile = load_bundle(served_repository() / "triage_bert" / "1").profile
    for texts in (load.standard_texts, load.red_flag_texts):
        assert all(is_assessable(message, profile) for _, message in islice(texts, 1_500))


def test_an_admitted_message_is_a_valid_one_with_its_own_pseudonym(load: Load) -> None:
    (first_id, first), (_, second) = load.admitted_standard(), load.admitted_red_flag()
    copy = AdmittedMessage.model_validate_json(first.model_dump_json())
    assert copy.message_id == first_id
    assert first.event_id != second.event_id
    assert first.patient_id != second.patient_id
    assert second.lane is Lane.STANDARD
