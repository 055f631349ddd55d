"""What a file of messages holds: one document a line, or one that somebody has laid out over many."""

import io
from pathlib import Path
from typing import NoReturn

import pytest
import typer
from typer.testing import CliRunner

from ops.cli import connection
from ops.cli.main import app
from ops.cli.message_file import Line, format_hint, lines_of, read_lines
from ops.local.errors import StackNotRunning


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [(1, b'{"a": 1}'), (2, b'{"a": 2}')]),
        (b'{"a": 1}\r\n\r\n{"a": 2}', [(1, b'{"a": 1}'), (3, b'{"a": 2}')]),
        (b'\n{\n  "a": 1\n}\n', [(2, b'\n{\n  "a": 1\n}\n')]),
        (b'not json\n{"a": 2}\n', [(1, b"not json"), (2, b'{"a": 2}')]),
        (b"{\nnot json", [(1, b"{"), (2, b"not json")]),
        (b"[" * 100_000, [(1, b"[" * 100_000)]),
        (b"", []),
    ],
    ids=["lines", "empty line", "one document", "bad line", "no document", "deep", "empty"],
)
def test_payloads_of_a_file_and_their_lines(content: bytes, expected: list[Line]) -> None:
    assert lines_of(content) == expected


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        (b"MSH|^~\\&|ADT|WARD\rPID|1||MRN-1\r", "this looks like HL7 v2: convert it first"),
        (b"\x0bMSH|^~\\&|ADT|WARD\nPID|1\n", "this looks like HL7 v2: convert it first"),
        (b'{"resourceType": "Bundle", "entry": []}\n', "this looks like FHIR: convert it first"),
        (b'{\n  "resourceType": "Patient"\n}\n', "this looks like FHIR: convert it first"),
        (b'[{"message_id": "m1"}]', "this is a JSON array: write one document, or JSON Lines"),
        (b'[\n{"message_id": "m1"}\n]\n', "this is a JSON array: write one document, or JSON Lines"),
        (b"message_id,text\nm1,cough\n", "its first line is no JSON document"),
        (b"\xff\xfe", "its first line is no JSON document"),
        (b"[" * 100_000, "its first line is no JSON document"),
    ],
)
def test_another_format_is_named(content: bytes, beginning: str) -> None:
    assert format_hint(lines_of(content)).startswith(beginning)


@pytest.mark.parametrize(
    "content",
    [
        b'{"message_id": "m1", "text": "MSH|"}',
        b'{"message_id": "m1", "text": "resourceType"}\n[]\n',
    ],
    ids=["quotes a header", "quotes a word"],
)
def test_what_may_be_messages_brings_no_hint(content: bytes) -> None:
    assert format_hint(lines_of(content)) == ""


def test_a_file_without_a_message_is_a_wrong_parameter(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_bytes(b"\n")
    result = CliRunner().invoke(app, ["send", str(tmp_path / "empty.json")], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "there is no message in it" in result.stderr


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}\n")))
    assert read_lines("-") == [Line(1, b"{}")]


def test_a_file_that_cannot_be_read_is_a_wrong_parameter(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="No such file"):
        read_lines(str(tmp_path / "none.jsonl"))


def test_send_names_another_format_before_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> NoReturn:
        raise StackNotRunning(Path("data"))

    monkeypatch.delenv("TRIAGE_KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setattr(connection, "running_stack", away)
    result = CliRunner().invoke(app, ["send", "-"], input="[{}]")
    assert result.exit_code == 1
    assert result.stderr.startswith("this is a JSON array")
    assert result.stdout == ""
