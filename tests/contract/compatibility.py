"""Does a JSON Schema break a released one for those who write or read its records?

One question answers it, asked in one or both directions: may what is valid under `writer` meet a reader that
expects `reader`?

- INPUT, what hospitals send: everything that was valid stays valid. No field or code gone, none newly required,
  no type, bound, pattern or format narrower.
- OUTPUT, what we publish: the same, since the topics keep records of older releases for our own consumers; and
  everything we now publish is valid for consumers of the released schema. No field no longer guaranteed, none
  newly null, no type, bound, pattern or format wider, no new code but on the open lists.

Does not judge keywords that our contracts don't use: a change in one is reported as such.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

__all__ = ["OPEN_LISTS", "Direction", "breaking_changes"]

Schema = dict[str, Any]

OPEN_LISTS = frozenset({"DeadLetterReason", "QualityFlag", "ReviewReason"})
"""Lists of reason codes that grow: a consumer shows a code that it doesn't know as it is."""

_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_EXACT = ("pattern", "format")
_ANNOTATIONS = frozenset({"title", "description", "examples", "$id", "$schema", "$defs", "$ref"})
_JUDGED = frozenset(
    {"type", "enum", "const", "anyOf", "properties", "required", "items", "additionalProperties", "default"}
).union(_UPPER_BOUNDS, _LOWER_BOUNDS, _EXACT, _ANNOTATIONS)


class Direction(Enum):
    """Who writes the records of a contract."""

    INPUT = "hospitals"
    OUTPUT = "our services"


def breaking_changes(old: Schema, new: Schema, direction: Direction) -> list[str]:
    """Return one line for each breaking change from the released schema `old` to `new`."""
    found = [f"old records: {fault}" for fault in _Check(writer=old, reader=new).faults(old, new, "$")]
    if direction is Direction.OUTPUT:
        check = _Check(writer=new, reader=old, are_lists_open=True, may_add_fields=True)
        found += [f"old consumers: {fault}" for fault in check.faults(new, old, "$")]
    return found


class _Check:
    """Compares two documents, of which parts are referred to by `$ref`."""

    def __init__(
        self, *, writer: Schema, reader: Schema, are_lists_open: bool = False, may_add_fields: bool = False
    ) -> None:
        self._writer_root = writer
        self._reader_root = reader
        self._are_lists_open = are_lists_open
        self._may_add_fields = may_add_fields

    def faults(self, writer: Schema, reader: Schema, path: str) -> list[str]:
        """Name what a record of `writer` may hold that `reader` does not accept."""
        readers = _alternatives(reader, self._reader_root)
        found: list[str] = []
        for alternative in _alternatives(writer, self._writer_root):
            attempts = [list(self._faults_of_one(alternative, other, path)) for other in readers]
            nearest: list[str] = min(attempts, key=len)
            found += nearest
        if "default" in writer and "default" in reader and writer["default"] != reader["default"]:
            found.append(f"{path}: another default")
        return found

    def _faults_of_one(self, writer: Schema, reader: Schema, path: str) -> Iterator[str]:
        kind, accepted = writer.get("type"), reader.get("type")
        if accepted is not None and kind != accepted and (kind, accepted) != ("integer", "number"):
            yield f"{path}: {kind} is not accepted"
            return  # whatever else differs follows from it
        yield from self._code_faults(writer, reader, path)
        yield from _bound_faults(writer, reader, path)
        yield from self._object_faults(writer, reader, path)
        if "items" in reader:
            yield from self.faults(writer.get("items", {}), reader["items"], f"{path}[]")
        for keyword in sorted((writer.keys() | reader.keys()) - _JUDGED):
            if writer.get(keyword) != reader.get(keyword):
                yield f"{path}: {keyword} differs, which this check cannot judge"

    def _code_faults(self, writer: Schema, reader: Schema, path: str) -> Iterator[str]:
        accepted = _codes(reader)
        if accepted is None or (self._are_lists_open and reader.get("title") in OPEN_LISTS):
            return
        written = _codes(writer)
        if written is None:
            yield f"{path}: values outside the list are not accepted"
        elif extra := written - accepted:
            yield f"{path}: {sorted(extra)} are not accepted"

    def _object_faults(self, writer: Schema, reader: Schema, path: str) -> Iterator[str]:
        if missing := set(reader.get("required", ())) - set(writer.get("required", ())):
            yield f"{path}: {sorted(missing)} may be absent but are required"
        written, expected = writer.get("properties", {}), reader.get("properties", {})
        others = reader.get("additionalProperties", True)
        for name, schema in written.items():
            if name in expected:
                yield from self.faults(schema, expected[name], f"{path}.{name}")
            elif others is False or not self._may_add_fields:
                yield f"{path}.{name}: is not known"
        yield from self._unnamed_field_faults(writer.get("additionalProperties", True), others, path)

    def _unnamed_field_faults(self, writer: Schema | bool, reader: Schema | bool, path: str) -> Iterator[str]:
        if isinstance(writer, dict) and isinstance(reader, dict):
            yield from self.faults(writer, reader, f"{path}.*")
        elif writer is not False and reader is not True:
            yield f"{path}: unknown fields are not accepted"


def _alternatives(schema: Schema, root: Schema) -> list[Schema]:
    """Resolve references and choices down to schemas of one type each."""
    if "$ref" in schema:
        return _alternatives(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in schema:
        return [choice for option in schema["anyOf"] for choice in _alternatives(option, root)]
    return [schema]


def _codes(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _bound_faults(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    for bound in _UPPER_BOUNDS:
        if bound in reader and writer.get(bound, float("inf")) > reader[bound]:
            yield f"{path}: more than {bound} {reader[bound]} is not accepted"
    for bound in _LOWER_BOUNDS:
        if bound in reader and writer.get(bound, float("-inf")) < reader[bound]:
            yield f"{path}: less than {bound} {reader[bound]} is not accepted"
    for keyword in _EXACT:
        if keyword in reader and writer.get(keyword) != reader[keyword]:
            yield f"{path}: another {keyword} than {reader[keyword]} is not accepted"
