"""Raw bytes become a message or a reason code, and a reason never quotes the payload."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import PatientMessage
from streams.domain.decoding import SenderIds, decode_patient_message, sender_ids
from streams.errors import Rejected
from tests.integration.bad_input import ROWS, SECRET, Dead, Decided, Row, message


@pytest.mark.parametrize(
    "row", [row for row in ROWS if isinstance(row.outcome, Dead)], ids=lambda row: row.what
)
def test_a_bad_payload_is_rejected_with_its_reason(row: Row) -> None:
    assert isinstance(row.outcome, Dead)
    declared = row.headers.get("ce_type")
    with pytest.raises(Rejected) as caught:
        decode_patient_message(row.build("m1"), declared.decode() if declared else None)
    assert (caught.value.code, caught.value.path) == (row.outcome.reason, row.outcome.path)
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "row", [row for row in ROWS if isinstance(row.outcome, Dead)], ids=lambda row: row.what
)
def test_the_senders_ids_are_read_off_a_bad_payload_where_both_are_there(row: Row) -> None:
    assert isinstance(row.outcome, Dead)
    expected = SenderIds(message_id="m1", source="bad-input") if row.outcome.names_sender else None
    assert sender_ids(row.build("m1")) == expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_ID = _JSON | st.text("Aa-1", min_size=1, max_size=130)


def _is_handle(value: object) -> bool:
    return (
        isinstance(value, str)
        and 1 <= len(value) <= 128
        and all("!" <= character <= "~" for character in value)
    )


@given(_ID, _ID, st.dictionaries(st.text(), _JSON, max_size=3))
def test_an_id_that_breaks_its_pattern_is_never_read_and_nothing_else_is(
    message_id: object, source: object, others: dict[str, object]
) -> None:
    payload = json.dumps({**others, "message_id": message_id, "source": source}).encode()
    found = sender_ids(payload)
    if _is_handle(message_id) and _is_handle(source):
        assert found is not None
        assert found.model_dump() == {"message_id": message_id, "source": source}
    else:
        assert found is None


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_have_no_ids(payload: bytes) -> None:
    assert sender_ids(payload) is None


@pytest.mark.parametrize(
    "row", [row for row in ROWS if isinstance(row.outcome, Decided)], ids=lambda row: row.what
)
def test_unusual_input_is_still_a_message(row: Row) -> None:
    assert decode_patient_message(row.build("m1")).message_id == "m1"


def test_the_declared_type_of_this_contract_is_accepted() -> None:
    payload = json.dumps(message(message_id="m1")).encode()
    assert decode_patient_message(payload, PatientMessage.contract).text


@given(st.binary(max_size=300))
def test_any_bytes_end_as_a_message_or_a_reason(payload: bytes) -> None:
    with pytest.raises(Rejected):
        decode_patient_message(payload)


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=20), max_size=4))
def test_the_name_of_an_unknown_field_is_never_in_the_path(extra: dict[str, Any]) -> None:
    unknown = {f"x-{name}": value for name, value in extra.items()} | {"x-": None}
    with pytest.raises(Rejected) as caught:
        decode_patient_message(json.dumps(message(message_id="m1") | unknown).encode())
    assert caught.value.path == ""
