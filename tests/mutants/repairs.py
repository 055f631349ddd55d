"""The list of repairs: where each is in the code, and which test shows it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "TESTS", "Repair", "load"]

ROOT = Path(__file__).parents[2]
TESTS = Path("tests/unit/streams/engine")
_LIST = Path(__file__).with_name("engine.toml")


@dataclass(frozen=True)
class Repair:
    """`remove` stands once in `file`; with `put` in its place `test` fails."""

    name: str
    file: str
    remove: str
    test: str
    put: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "remove", self.remove.removeprefix("\n"))
        object.__setattr__(self, "put", self.put.removeprefix("\n"))

    def taken_out(self, source: str) -> str:
        """The source without the repair. Raises ValueError where the list is out of date."""
        if source.count(self.remove) != 1:
            raise ValueError(f"{self.name}: what it removes stands {source.count(self.remove)} times")
        return source.replace(self.remove, self.put)


def load() -> list[Repair]:
    return [Repair(**entry) for entry in tomllib.loads(_LIST.read_text(encoding="utf-8"))["repair"]]
