"""Style that a linter doesn't know: short files, documents that name what exists, locks without addresses."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from ops.cli.main import app

ROOT = Path(__file__).parents[2]
MAX_LINES = 400
MEDIAN_LINES = 110


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_file_is_long_and_the_usual_one_is_short() -> None:
    lengths = sorted(_lines(path) for path in _tracked("*.py"))
    assert [str(path) for path in _tracked("*.py") if _lines(path) > MAX_LINES] == []
    assert lengths[len(lengths) // 2] <= MEDIAN_LINES


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _tracked("*.py")
        if "tests" not in path.parts
        and _lines(path) > 0
        and not path.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))
    ]
    assert silent == []


@pytest.mark.parametrize("document", _tracked("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_only_files_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    missing = [name for name in named if not (document.parent / name).exists()]
    rooms = r"`((?:schemas|streams|ops|trainer|tests|model_repo|docs)/[\w./-]+?)/?`"
    missing += [name for name in re.findall(rooms, text) if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("document", _tracked("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_only_commands_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    commands = set(get_command(app).commands)  # type: ignore[attr-defined] # typer's app is a click group
    assert set(re.findall(r"`triage ([a-z]+)", text)) <= commands


def test_locks_hold_no_addresses_and_every_package_is_hashed() -> None:
    for lock in _tracked("requirements/*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        pins = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
        assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []
