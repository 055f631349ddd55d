"""Raw bytes become a message or a reason code, and a reason never quotes the payload."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import PatientMessage
from streams.domain.decoding import decode_patient_message
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
