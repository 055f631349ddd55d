"""The table of the engine's repairs names tests that exist, and each repair can be taken out to see its test fail."""

import ast
import re

import pytest

from tests.mutants.repairs import ROOT, TESTS, Repair, load

DOCUMENT = ROOT / "docs" / "reference" / "engine.md"
INTEGRATION = ROOT / "tests" / "integration" / "engine"


def _tests_in(source: str) -> set[str]:
    """Names of the tests of a file, those of classes as `Class::test`."""
    names = set()
    for node in ast.parse(source).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for member in members:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name.startswith("test_"):
                names.add(prefix + member.name)
    return names


def _short(names: set[str]) -> set[str]:
    return {name.rsplit("::", 1)[-1] for name in names}


def _named(section: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", section))


@pytest.mark.parametrize("repair", load(), ids=lambda repair: repair.name)
def test_a_repair_can_be_taken_out_and_its_test_exists(repair: Repair) -> None:
    source = (ROOT / repair.file).read_text(encoding="utf-8")
    compile(repair.taken_out(source), repair.file, "exec")
    file, _, test = repair.test.partition("::")
    assert test in _tests_in((ROOT / TESTS / file).read_text(encoding="utf-8"))


def test_the_reference_names_the_test_of_every_repair_and_only_tests_that_exist() -> None:
    repairs, real_broker = DOCUMENT.read_text(encoding="utf-8").split("## On a real broker")
    unit = {name for path in (ROOT / TESTS).glob("test_*.py") for name in _tests_in(path.read_text("utf-8"))}
    integration = {
        name for path in INTEGRATION.glob("test_*.py") for name in _tests_in(path.read_text("utf-8"))
    }
    assert _named(repairs) <= _short(unit)
    assert _named(real_broker) <= _short(integration)
    assert _short({repair.test for repair in load()}) <= _named(repairs)
