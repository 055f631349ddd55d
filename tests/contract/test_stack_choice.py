"""Servers of the integration tests: where containers are asked for, nothing is skipped or stood in for."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import conftest
from tests.integration import stack_choice
from tests.integration.stack_choice import StackChoice, choose_stack, why_no_toxiproxy

ROOT = Path(__file__).parents[2]


class FakeParser:
    """Takes pytest's place: remembers the option's default."""

    default = ""

    def addoption(self, name: str, *, choices: tuple[str, ...], default: str, help: str) -> None:
        assert name == "--stack"
        self.default = default


def _default(monkeypatch: pytest.MonkeyPatch, said: str | None) -> str:
    monkeypatch.delenv("TRIAGE_TEST_STACK", raising=False)
    if said is not None:
        monkeypatch.setenv("TRIAGE_TEST_STACK", said)
    parser = FakeParser()
    conftest.pytest_addoption(parser)  # type: ignore[arg-type]  # all that it uses
    return parser.default


@pytest.mark.parametrize(
    ("said", "default"), [(None, "auto"), ("containers", "containers"), ("embedded", "embedded")]
)
def test_the_environment_says_which(monkeypatch: pytest.MonkeyPatch, said: str | None, default: str) -> None:
    assert _default(monkeypatch, said) == default


@pytest.mark.parametrize("said", ["container", ""])
def test_a_word_that_is_no_choice_is_an_error(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    with pytest.raises(pytest.UsageError, match="TRIAGE_TEST_STACK"):
        _default(monkeypatch, said)


def test_only_a_choice_by_itself_skips_what_has_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_choice, "missing_image", lambda *_: "no image")
    assert why_no_toxiproxy(choose_stack("containers")) is None
    assert why_no_toxiproxy(StackChoice(None)) == "no image"
    assert why_no_toxiproxy(choose_stack("auto")) == "no Docker: no image"
    assert why_no_toxiproxy(choose_stack("embedded")) == "asked for"


@pytest.mark.parametrize(
    ("said", "stack"),
    [("docker: available (3 s, 28.2.2)", "containers"), ("docker: unavailable: no engine", ""), (None, "")],
)
def test_ci_asks_for_containers_where_it_could_bring_them_up(
    tmp_path: Path, said: str | None, stack: str
) -> None:
    run = tmp_path / "checkout" / ".ci" / "run"
    run.parent.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", run)
    if said is not None:
        _program(tmp_path / "shared" / "tools" / "docker-bootstrap.sh", f"echo before; echo '{said}'")
    _program(tmp_path / "bin" / "make", 'echo "$* on ${TRIAGE_TEST_STACK-}"')
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run([run], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == f"test on {stack}"


def _program(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
