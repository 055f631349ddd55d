"""Is a JSON Schema still good for the records and readers of an older one?

Breaking: a property is gone, a property is newly required, a type or enumeration lost a value, a bound got
tighter, or an enumeration that consumers read grew (review reasons and the like are exempt: consumers must
tolerate new codes, as the reference documentation says).
"""

from typing import Any

__all__ = ["breaking_changes"]

Schema = dict[str, Any]
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems")
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return one line for each breaking change."""
    return _compare(old, new, old, new, "$")


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> list[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    found = _bounds(old, new, path)
    if lost := set(_types(old, old_root)) - set(_types(new, new_root)):
        found.append(f"{path}: no longer {sorted(lost)}")
    old_values = set(old.get("enum", ()))
    if lost := old_values - set(new.get("enum", old_values)):
        found.append(f"{path}: values gone {sorted(lost)}")
    if old.get("pattern") != new.get("pattern"):
        found.append(f"{path}: pattern changed")
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        found.append(f"{path}: closed to unknown fields")
    if added := set(new.get("required", ())) - set(old.get("required", ())):
        found.append(f"{path}: newly required {sorted(added)}")
    for name, child in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            found.append(f"{path}.{name}: gone")
        else:
            found += _compare(child, new["properties"][name], old_root, new_root, f"{path}.{name}")
    if "items" in old and "items" in new:
        found += _compare(old["items"], new["items"], old_root, new_root, f"{path}[]")
    for old_choice, new_choice in zip(_choices(old), _choices(new), strict=False):
        found += _compare(old_choice, new_choice, old_root, new_root, path)
    return found


def _choices(schema: Schema) -> list[Schema]:
    return [choice for choice in schema.get("anyOf", []) if choice.get("type") != "null"]


def _types(schema: Schema, root: Schema) -> list[str]:
    choices = schema.get("anyOf")
    if choices:
        return [name for choice in choices for name in _types(_resolve(choice, root), root)]
    return [schema["type"]] if "type" in schema else []


def _bounds(old: Schema, new: Schema, path: str) -> list[str]:
    found = []
    for bound in _UPPER_BOUNDS:
        if bound in new and new[bound] < old.get(bound, float("inf")):
            found.append(f"{path}: {bound} is tighter")
    for bound in _LOWER_BOUNDS:
        if bound in new and new[bound] > old.get(bound, float("-inf")):
            found.append(f"{path}: {bound} is tighter")
    return found
