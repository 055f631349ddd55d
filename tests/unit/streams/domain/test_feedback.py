"""Words on one message: the latest of each clinician counts, disagreement settles nothing, copies change nothing."""

import itertools

import pytest

from schemas import ClinicianFeedback, DeadLetterReason
from streams.domain.decoding import decode_feedback
from streams.domain.feedback import (
    MAX_RULINGS,
    MAX_WORDS,
    OTHER,
    FeedbackCase,
    Place,
    example_of,
    reservoir_priority,
    training_classes,
)
from streams.errors import Rejected
from tests.unit.streams.domain.test_decode_feedback import sent
from tests.unit.streams.factories import LABELS, admitted

_LABELS = frozenset(LABELS)


def _word(feedback_id: str = "f1", clinician: str = "c1", **changes: object) -> ClinicianFeedback:
    return decode_feedback(sent(feedback_id=feedback_id, clinician_id=clinician, **changes))


def _case(*words: ClinicianFeedback) -> FeedbackCase:
    case = FeedbackCase()
    for offset, word in enumerate(words):
        case = case.hear(word, Place(0, offset, 1_000), _LABELS) or case
    return case


def test_the_latest_word_of_a_clinician_counts_by_offset() -> None:
    settled = _case(_word("f1", diagnosis="cancer"), _word("f2", diagnosis="diabetes")).settle()
    assert (settled.diagnosis, settled.disputed) == ("diabetes", ())


def test_an_older_word_that_comes_late_is_remembered_and_does_not_count() -> None:
    new = FeedbackCase().hear(_word("f2", diagnosis="diabetes"), Place(0, 9, 1_000), _LABELS)
    assert new is not None
    late = new.hear(_word("f1", diagnosis="cancer"), Place(0, 3, 2_000), _LABELS)
    assert late is not None
    assert late.settle().diagnosis == "diabetes"
    assert set(late.heard) == {"f1", "f2"}


def test_clinicians_that_differ_settle_nothing_until_they_agree() -> None:
    words = [_word("f1", "c1", urgency=2), _word("f2", "c2", diagnosis="cancer", urgency=2)]
    settled = _case(*words).settle()
    assert (settled.diagnosis, settled.urgency, settled.disputed) == (None, 2, ("diagnosis",))
    assert settled.classes == ("urgency:2",)
    agreed = _case(*words, _word("f3", "c2", urgency=2)).settle()
    assert agreed.classes == ("diagnosis:diabetes", "urgency:2")


def _disputed() -> list[ClinicianFeedback]:
    return [
        _word("f1", "c1", diagnosis="diabetes", urgency=2),
        _word("f2", "c2", diagnosis="cancer", urgency=2),
    ]


def _ruling(feedback_id: str, clinician: str = "judge", **changes: object) -> ClinicianFeedback:
    return _word(feedback_id, clinician, verdict="adjudicated", **changes)


def test_a_ruling_settles_what_clinicians_differ_on_and_leaves_the_rest_to_them() -> None:
    settled = _case(*_disputed(), _ruling("f3", diagnosis="normal")).settle()
    assert (settled.diagnosis, settled.urgency, settled.disputed) == ("normal", 2, ())


def test_a_ruling_outweighs_later_words_and_gives_way_to_a_later_ruling() -> None:
    case = _case(*_disputed(), _ruling("f3", diagnosis="normal"), _word("f4", "judge", diagnosis="cancer"))
    assert case.settle().diagnosis == "normal"
    again = case.hear(_ruling("f5", "other-judge", diagnosis="cancer"), Place(0, 9, 1_000), _LABELS)
    assert again is not None
    assert again.settle().diagnosis == "cancer"
    assert example_of(admitted(), again).clinicians == 4


def test_a_case_that_is_full_can_still_be_settled() -> None:
    case = _case(*(_word(f"f{i}", f"c{i}", diagnosis=LABELS[i % 2]) for i in range(MAX_WORDS)))
    assert case.settle().disputed == ("diagnosis",)
    for i in range(MAX_RULINGS):
        case = case.hear(_ruling(f"r{i}", diagnosis="normal"), Place(0, 100 + i, 1_000), _LABELS) or case
    assert case.settle().diagnosis == "normal"
    with pytest.raises(Rejected):
        case.hear(_ruling("too-many"), Place(0, 999, 1_000), _LABELS)


def test_a_label_of_no_model_is_other_and_no_class() -> None:
    settled = _case(_word(diagnosis="influenza")).settle()
    assert (settled.diagnosis, settled.classes) == (OTHER, ())


def test_the_same_record_again_changes_nothing_and_another_with_its_id_is_a_replay() -> None:
    case = _case(_word("f1"))
    assert case.hear(_word("f1"), Place(0, 0, 1_000), _LABELS) is None
    with pytest.raises(Rejected) as caught:
        case.hear(_word("f1"), Place(0, 7, 1_000), _LABELS)
    assert caught.value.code == DeadLetterReason.FEEDBACK_REPLAYED


def test_words_on_one_message_are_bounded() -> None:
    case = _case(*(_word(f"f{i}") for i in range(MAX_WORDS)))
    with pytest.raises(Rejected) as caught:
        case.hear(_word("one-too-many"), Place(0, 999, 1_000), _LABELS)
    assert caught.value.code == DeadLetterReason.FEEDBACK_LIMIT


def test_the_example_holds_the_message_and_not_who_said_what() -> None:
    example = example_of(admitted(), _case(_word("f1", "doctor-who")))
    assert (example.text, example.settled.diagnosis, example.clinicians) == (
        admitted().text,
        "diabetes",
        1,
    )
    assert "doctor-who" not in example.model_dump_json()


def test_a_case_survives_its_storage() -> None:
    case = _case(_word("f1", urgency=1), _word("f2", "c2"))
    assert FeedbackCase.model_validate_json(case.model_dump_json()) == case


def test_reservoir_tags_are_spread_like_chance() -> None:
    tags = [reservoir_priority(str(i)) / 2**52 for i in range(4_000)]
    assert max(tags) < 1
    tenths = [sum(tenth / 10 <= tag < (tenth + 1) / 10 for tag in tags) for tenth in range(10)]
    assert all(320 < count < 480 for count in tenths)  # 400 expected, standard deviation 19
    assert all(a != b for a, b in itertools.pairwise(tags))


def test_every_class_has_its_name_once() -> None:
    classes = training_classes(LABELS)
    assert len(set(classes)) == len(LABELS) + 5
