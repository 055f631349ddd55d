"""The one job of all engines."""

import pytest
from pydantic import ValidationError

from ops.bench.codec import MESSAGE_BYTES, decode, key_of, payload


@pytest.mark.parametrize("number", [0, 7, 99_999_999])
def test_every_record_is_valid_and_of_the_stated_size(number: int) -> None:
    record = payload(number)
    assert len(record) == MESSAGE_BYTES
    assert decode(record).message_id == f"bench-{number:08d}"


def test_every_record_has_a_key_of_its_own() -> None:
    keys = {key_of(decode(payload(number))) for number in range(100)}
    assert len(keys) == 100


def test_a_record_that_breaks_the_contract_is_refused() -> None:
    with pytest.raises(ValidationError):
        decode(payload(1).replace(b'"female"', b'"no sex"'))
