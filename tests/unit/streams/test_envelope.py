"""Headers: CloudEvents attributes, and a trace that survives redelivery."""

from uuid import uuid4

import pytest

from streams.envelope import declared_type, event_headers, traceparent_of
from tests.unit.streams.factories import admitted

SENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_senders_trace_goes_on() -> None:
    assert traceparent_of((("traceparent", SENT),), uuid4()) == SENT


@pytest.mark.parametrize("bad", [b"", b"00-zz", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", SENT + b"\nx"])
def test_a_malformed_trace_is_replaced_by_one_that_follows_from_the_event(bad: bytes) -> None:
    event = uuid4()
    made = traceparent_of((("traceparent", bad),), event)
    assert made == traceparent_of((), event)
    assert event.hex.encode() in made


def test_a_header_without_a_value_is_no_header() -> None:
    event = uuid4()
    assert traceparent_of((("traceparent", None),), event) == traceparent_of((), event)
    assert declared_type((("ce_type", None),)) is None


def test_the_last_declared_type_counts() -> None:
    assert declared_type((("ce_type", b"a"), ("ce_type", b"b"))) == "b"
    assert declared_type(()) is None


def test_an_event_names_itself_in_its_headers() -> None:
    headers = dict(event_headers(admitted(), SENT))
    assert headers["ce_type"] == b"triage.admitted.v1"
    assert headers["ce_id"] == str(admitted().event_id).encode()
