"""What a file of messages holds: one document a line, or one that somebody has laid out over many."""

import io

import pytest

from ops.cli.kafka import payloads


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [b'{"a": 1}', b'{"a": 2}']),
        (b'{"a": 1}\r\n\r\n{"a": 2}', [b'{"a": 1}', b'{"a": 2}']),
        (b'{\n  "a": 1\n}\n', [b'{\n  "a": 1\n}\n']),
        (b'not json\n{"a": 2}\n', [b"not json", b'{"a": 2}']),
        (b"{\nnot json", [b"{", b"not json"]),
        (b"", []),
    ],
)
def test_payloads_of_a_file(content: bytes, expected: list[bytes]) -> None:
    assert payloads(io.BytesIO(content)) == expected
