"""The check that guards the contracts must itself find what breaks, and only that."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas.export import json_schema
from tests.contract.compatibility import breaking_changes

Schema = dict[str, Any]


def _remove_field(schema: Schema) -> None:
    del schema["properties"]["text"]


def _require_field(schema: Schema) -> None:
    schema["required"].append("age_years")


def _shorten_text(schema: Schema) -> None:
    schema["properties"]["text"]["maxLength"] = 5_000


def _drop_null(schema: Schema) -> None:
    schema["properties"]["age_years"]["anyOf"] = [{"type": "number"}]


def _drop_enum_value(schema: Schema) -> None:
    schema["$defs"]["Sex"]["enum"].remove("other")


def _retype_nested(schema: Schema) -> None:
    schema["$defs"]["VitalSigns"]["properties"]["pain_score"]["anyOf"][0]["type"] = "string"


@pytest.mark.parametrize(
    "change", [_remove_field, _require_field, _shorten_text, _drop_null, _drop_enum_value, _retype_nested]
)
def test_a_breaking_change_is_found(change: Callable[[Schema], None]) -> None:
    old = json_schema("triage.messages.v1")
    new = copy.deepcopy(old)
    change(new)
    assert breaking_changes(old, new)


def test_a_new_optional_field_breaks_nothing() -> None:
    old = json_schema("triage.messages.v1")
    new = copy.deepcopy(old)
    new["properties"]["arrival_mode"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert breaking_changes(old, new) == []
