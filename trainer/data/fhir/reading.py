"""Files of FHIR resources: `.ndjson` (a resource a line, as in bulk exports) and `.json` (a Bundle or a resource)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from trainer.data.errors import BadCell, BadRows, NothingToLearn
from trainer.data.fhir.resources import MODELS, Resource
from trainer.data.tables import decoded

__all__ = ["Place", "Resources", "read_resources"]

R = TypeVar("R", bound=Resource)


class Place(NamedTuple):
    """`row`: the line of a `.ndjson` file, the entry of a Bundle (from 1)."""

    file: str
    row: int

    def fault(self, path: str, fault: str) -> BadCell:
        """Name what is wrong with the field at `path`."""
        return BadCell(self.row, f"{self.file}: {path}", fault)


class Resources:
    """What was read, found by reference; `places` says where each stood."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Resource] = {}
        self.places: dict[int, Place] = {}
        self.faults: list[BadCell] = []

    def add(self, place: Place, kind: str, content: dict[str, Any], full_url: str | None) -> None:
        """Keep one of MODELS; a copy of a known one is not kept again, and a contradiction is a fault."""
        try:
            resource = MODELS[kind].model_validate(content)
        except ValidationError as error:
            self.faults += [
                place.fault(".".join([kind, *map(str, fault["loc"])]), fault["type"])
                for fault in error.errors()
            ]
            return
        names = [f"{kind}/{resource.id}"] if resource.id else []
        names += [full_url] if full_url else []
        names = names or [f"{kind}/at {place.file} {place.row}"]
        for known in (self._known[kind, name] for name in names if (kind, name) in self._known):
            if known != resource:
                first = self.places[id(known)]
                self.faults.append(
                    place.fault(f"{kind}.id", f"another one than in {first.file}, row {first.row}")
                )
                return
            resource = known
        self._known.update({(kind, name): resource for name in names})
        self.places.setdefault(id(resource), place)

    def all(self, model: type[R]) -> list[R]:
        """Return each resource of a kind once, in the order they were read."""
        return list({id(known): known for known in self._known.values() if isinstance(known, model)}.values())

    def find(self, model: type[R], reference: str | None) -> R | None:
        """Return what a relative, absolute or Bundle-internal reference points to."""
        kind, wanted = model.__name__, reference or ""
        relative = "/".join(wanted.split("/_history/")[0].split("/")[-2:])
        found = self._known.get((kind, wanted)) or self._known.get((kind, relative))
        return found if isinstance(found, model) else None


def read_resources(path: Path) -> Resources:
    """Read a file, or all of a folder. Raises BadData; what is no Patient, Condition, ... is passed over."""
    files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
    files = [file for file in files if file.suffix in (".json", ".ndjson")]
    if not files:
        raise NothingToLearn(f"{path.name} holds no .json and no .ndjson file")
    resources = Resources()
    for file in files:
        for place, content, full_url in _entries(file, resources.faults):
            kind = content.get("resourceType") if isinstance(content, dict) else None
            if not isinstance(kind, str):
                resources.faults.append(place.fault("resourceType", "missing"))
            elif kind in MODELS:
                resources.add(place, kind, content, full_url)
    if resources.faults:
        raise BadRows(resources.faults)
    return resources


def _entries(file: Path, faults: list[BadCell]) -> Iterator[tuple[Place, Any, str | None]]:
    text = decoded(file, "utf-8")
    if file.suffix == ".ndjson":
        for row, line in enumerate(text.split("\n"), start=1):
            if line.strip() and (content := _parsed(line, Place(file.name, row), faults)) is not None:
                yield Place(file.name, row), content, None
        return
    content = _parsed(text, Place(file.name, 1), faults)
    if isinstance(content, dict) and content.get("resourceType") == "Bundle":
        entries = content.get("entry", [])
        for row, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
            if isinstance(entry, dict) and "resource" in entry:
                yield Place(file.name, row), entry["resource"], entry.get("fullUrl")
    elif content is not None:
        yield Place(file.name, 1), content, None


def _parsed(text: str, place: Place, faults: list[BadCell]) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        faults.append(Place(place.file, place.row + error.lineno - 1).fault("-", "not JSON"))
        return None
