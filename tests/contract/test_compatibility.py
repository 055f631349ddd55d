"""The check that guards the contracts must itself find what breaks, and only that."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas.export import CONTRACTS, json_schema
from tests.contract.compatibility import Direction, breaking_changes

Schema = dict[str, Any]
Change = Callable[[Schema], None]
INPUT, OUTPUT = Direction.INPUT, Direction.OUTPUT


def _schema() -> Schema:
    """Return a contract with one field for each kind of constraint."""
    return {
        "$defs": {
            "Lane": {"title": "Lane", "type": "string", "enum": ["express", "standard"]},
            "ReviewReason": {"title": "ReviewReason", "type": "string", "enum": ["policy", "random_audit"]},
            "Origin": {
                "type": "object",
                "properties": {"offset": {"type": "integer", "minimum": 0}, "note": {"type": "string"}},
                "required": ["offset"],
            },
        },
        "type": "object",
        "properties": {
            "id": {"type": "string", "minLength": 1, "maxLength": 8, "pattern": "^[a-z]+$"},
            "at": {"type": "string", "format": "date-time"},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "age": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
            "lane": {"$ref": "#/$defs/Lane"},
            "reasons": {"type": "array", "items": {"$ref": "#/$defs/ReviewReason"}, "minItems": 1},
            "origin": {"anyOf": [{"$ref": "#/$defs/Origin"}, {"type": "null"}]},
            "shares": {"type": "object", "additionalProperties": {"type": "number", "maximum": 1}},
        },
        "required": ["id", "at", "score", "lane", "reasons", "origin"],
    }


def _set(path: str, **keywords: Any) -> Change:
    """Set keywords of the part at `path`; `...` removes one."""

    def change(schema: Schema) -> None:
        part = schema
        for step in path.split(".") if path else ():
            part = part[step]
        for keyword, value in keywords.items():
            if value is ...:
                del part[keyword]
            else:
                part[keyword] = value

    return change


def _require(name: str) -> Change:
    return lambda schema: schema["required"].append(name)


def _release(name: str) -> Change:
    return lambda schema: schema["required"].remove(name)


def _codes(name: str, *codes: str) -> Change:
    return _set(f"$defs.{name}", enum=list(codes))


_NULLABLE = [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]

# What changes, and for which contracts it breaks something.
CHANGES: dict[str, tuple[Change, set[Direction]]] = {
    "nothing": (lambda _: None, set()),
    "other words in a description": (_set("properties.id", description="other"), set()),
    "new optional field": (_set("properties", new={"type": "string"}), set()),
    "new required field": (
        lambda schema: (_set("properties", new={"type": "string"})(schema), _require("new")(schema))[0],
        {INPUT, OUTPUT},
    ),
    "optional field gone": (_set("properties", age=...), {INPUT, OUTPUT}),
    "nested field gone": (_set("$defs.Origin.properties", note=...), {INPUT, OUTPUT}),
    "field newly required": (_require("age"), {INPUT, OUTPUT}),
    "field no longer required": (_release("score"), {OUTPUT}),
    "nested field no longer required": (_set("$defs.Origin", required=[]), {OUTPUT}),
    "maximum lower": (_set("properties.score", maximum=0.5), {INPUT, OUTPUT}),
    "maximum higher": (_set("properties.score", maximum=2), {OUTPUT}),
    "maximum gone": (_set("properties.score", maximum=...), {OUTPUT}),
    "minimum higher": (_set("$defs.Origin.properties.offset", minimum=1), {INPUT, OUTPUT}),
    "minimum gone": (_set("$defs.Origin.properties.offset", minimum=...), {OUTPUT}),
    "new bound": (_set("properties.at", maxLength=40), {INPUT, OUTPUT}),
    "text shorter": (_set("properties.id", maxLength=7), {INPUT, OUTPUT}),
    "text longer": (_set("properties.id", maxLength=9), {OUTPUT}),
    "list may be empty": (_set("properties.reasons", minItems=0), {OUTPUT}),
    "bound in a map's values gone": (
        _set("properties.shares", additionalProperties={"type": "number"}),
        {OUTPUT},
    ),
    "pattern changed": (_set("properties.id", pattern="^[A-Z]+$"), {INPUT, OUTPUT}),
    "pattern gone": (_set("properties.id", pattern=...), {OUTPUT}),
    "new pattern": (_set("properties.at", pattern="Z$"), {INPUT, OUTPUT}),
    "format changed": (_set("properties.at", format="date"), {INPUT, OUTPUT}),
    "format gone": (_set("properties.at", format=...), {OUTPUT}),
    "new format": (_set("properties.id", format="uuid"), {INPUT, OUTPUT}),
    "another type": (_set("properties.score", type="string"), {INPUT, OUTPUT}),
    "another type in a list": (_set("properties.reasons", items={"type": "integer"}), {INPUT, OUTPUT}),
    "any item in a list": (_set("properties.reasons", items=...), {OUTPUT}),
    "number instead of integer": (_set("$defs.Origin.properties.offset", type="number"), {OUTPUT}),
    "integer instead of number": (_set("properties.score", type="integer"), {INPUT, OUTPUT}),
    "no longer null": (_set("properties.age", anyOf=[{"type": "number"}]), {INPUT, OUTPUT}),
    "newly null": (_set("properties", score={"anyOf": _NULLABLE}), {OUTPUT}),
    "code gone": (_codes("Lane", "express"), {INPUT, OUTPUT}),
    "new code": (_codes("Lane", "express", "standard", "batch"), {OUTPUT}),
    "any code": (_set("$defs.Lane", enum=...), {OUTPUT}),
    "text becomes a list of codes": (_set("properties.at", enum=["now"]), {INPUT, OUTPUT}),
    "new code on an open list": (_codes("ReviewReason", "policy", "random_audit", "new"), set()),
    "code gone from an open list": (_codes("ReviewReason", "policy"), {INPUT, OUTPUT}),
    "closed to unknown fields": (_set("", additionalProperties=False), {INPUT, OUTPUT}),
    "map no longer of numbers": (
        _set("properties.shares", additionalProperties={"type": "string"}),
        {INPUT, OUTPUT},
    ),
    "another default": (_set("properties.age", default=18), {INPUT, OUTPUT}),
    "a keyword that the check doesn't know": (_set("properties.score", multipleOf=0.5), {INPUT, OUTPUT}),
}


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize(("change", "breaks"), CHANGES.values(), ids=CHANGES)
def test_a_change_breaks_whom_it_should(change: Change, breaks: set[Direction], direction: Direction) -> None:
    new = _schema()
    change(new)
    assert bool(breaking_changes(_schema(), new, direction)) == (direction in breaks)


@pytest.mark.parametrize(
    ("change", "breaks"),
    [
        pytest.param(_set("", additionalProperties=True), {OUTPUT}, id="open to unknown fields"),
        pytest.param(_set("properties", new={"type": "string"}), {OUTPUT}, id="new optional field"),
    ],
)
@pytest.mark.parametrize("direction", Direction)
def test_consumers_that_refuse_unknown_fields_must_not_get_any(
    change: Change, breaks: set[Direction], direction: Direction
) -> None:
    old = {**_schema(), "additionalProperties": False}
    new = copy.deepcopy(old)
    change(new)
    assert bool(breaking_changes(old, new, direction)) == (direction in breaks)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_is_compatible_with_itself_and_not_without_its_fields(
    name: str, direction: Direction
) -> None:
    contract = json_schema(name)
    assert breaking_changes(contract, contract, direction) == []
    for field in contract["properties"]:
        new = copy.deepcopy(contract)
        del new["properties"][field]
        assert breaking_changes(contract, new, direction), field


def test_a_fault_names_who_is_hurt_and_where() -> None:
    new = _schema()
    _codes("Lane", "express", "batch")(new)
    assert breaking_changes(_schema(), new, OUTPUT) == [
        "old records: $.lane: ['standard'] are not accepted",
        "old consumers: $.lane: ['batch'] are not accepted",
    ]
