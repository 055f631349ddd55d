"""`python -m tests.mutants [WORD]`: take each repair (whose name has the word) out of a copy, and run its test."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.repairs import ROOT, TESTS, Repair, load

_OPTIONS = ("-q", "-x", "--timeout=8", "--timeout-method=thread", "-p", "no:cacheprovider")
_FAILED = 1
"""pytest's status where tests failed; others mean that they could not be run."""


def main(word: str) -> int:
    survivors = 0
    with TemporaryDirectory(prefix="triage-mutants-") as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        for room in ("schemas", "streams"):
            shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for repair in load():
            if word in repair.name:
                is_noticed = _is_noticed(repair, copy)
                survivors += not is_noticed
                print(f"{'noticed ' if is_noticed else 'SURVIVED'} {repair.name}: {repair.test}", flush=True)  # noqa: T201
    return 1 if survivors else 0


def _is_noticed(repair: Repair, copy: Path) -> bool:
    source = (ROOT / repair.file).read_text(encoding="utf-8")
    (copy / repair.file).write_text(repair.taken_out(source), encoding="utf-8")
    try:
        command = [sys.executable, "-B", "-m", "pytest", *_OPTIONS, str(TESTS / repair.test)]
        return subprocess.run(command, cwd=copy, capture_output=True, check=False).returncode == _FAILED
    finally:
        (copy / repair.file).write_text(source, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
