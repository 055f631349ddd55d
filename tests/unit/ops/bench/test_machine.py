"""A benchmark's result says what it was measured on."""

import os
from pathlib import Path

import pytest

from ops.bench import machine

INFO = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: avx2 avx512_vnni\n\nprocessor\t: 1\nflags\t: amx_int8\n"


def test_the_processor_and_what_int8_is_quick_with_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(INFO)
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "cpuinfo")
    told = machine.measured_on()
    assert (told["processor"], told["vectors"], told["cores"]) == (
        "Some CPU",
        ["avx2", "avx512_vnni"],
        os.cpu_count(),
    )


def test_another_system_tells_what_python_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "none")
    told = machine.measured_on()
    assert told["processor"]
    assert told["vectors"] == []
