"""What somebody hands to a command: one document a line, or one that is laid out over many lines.

A file in another format is still sent as it is: that a message is bad is for admission to say. Here it is only named.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import typer

__all__ = ["Line", "format_hint", "lines_of", "read_lines"]

_CONVERT = (
    "convert it first, intake takes PatientMessage as JSON (schemas/json/triage.messages.v1.schema.json)"
)
_BEFORE_HL7 = b"\xef\xbb\xbf\x0b \t\r\n"
"""Byte order mark, the start block of MLLP, white space."""


class Line(NamedTuple):
    """One payload, and the line of the file on which it begins, counted from 1."""

    number: int
    payload: bytes


def read_lines(file: str) -> list[Line]:
    """Read a file; "-" is standard input. Raises BadParameter where it cannot be read."""
    if file == "-":
        return lines_of(sys.stdin.buffer.read())
    try:
        return lines_of(Path(file).read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def lines_of(content: bytes) -> list[Line]:
    """Return the payloads of JSON Lines; empty lines carry none. One document over many lines is one payload."""
    lines = [
        Line(number, payload)
        for number, raw in enumerate(content.split(b"\n"), start=1)
        if (payload := raw.rstrip(b"\r"))
    ]
    if len(lines) > 1 and not _is_json(lines[0].payload) and _is_json(content):
        return [Line(lines[0].number, content)]
    return lines


def format_hint(lines: list[Line]) -> str:
    """Say what the first payload looks like, where that is no message as intake takes it; else nothing."""
    first = lines[0].payload if lines else b"{}"
    if first.lstrip(_BEFORE_HL7).startswith(b"MSH|"):
        return f"this looks like HL7 v2: {_CONVERT}"
    try:
        document = json.loads(first)
    except (ValueError, RecursionError):
        return f"its first line is no JSON document, and the whole is not one, either: {_CONVERT}"
    if isinstance(document, list):
        return "this is a JSON array: write one document, or JSON Lines, one document a line (`jq -c '.[]'` makes them)"
    if isinstance(document, dict) and "resourceType" in document:
        return f"this looks like FHIR: {_CONVERT}"
    return ""


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
