"""Development keys: made by a start and nothing else, for this user only, once."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli.keys import development_keys
from ops.cli.main import app
from ops.cli.stack import find_stack, stack_config


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("command", ["status", "down"])
def test_asking_for_a_stack_makes_nothing_and_says_where_it_looked(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(tmp_path / "data"))
    result = CliRunner().invoke(app, [command])
    assert "No stack" in result.output
    assert str(tmp_path / "data") in result.output
    assert list(tmp_path.iterdir()) == []


def test_looking_for_a_stack_makes_nothing(tmp_path: Path) -> None:
    assert find_stack(tmp_path / "data").status() is None
    assert list(tmp_path.iterdir()) == []


def test_a_stack_to_be_started_has_keys_for_its_workers(tmp_path: Path) -> None:
    config = stack_config(tmp_path / "data")
    keys = development_keys(tmp_path / "data")
    assert set(keys) == {"TRIAGE_PSEUDONYM_KEY", "TRIAGE_PAYLOAD_KEY"}
    assert all(keys.items() <= worker.env.items() for worker in config.workers)


def test_only_this_user_may_read_the_keys_and_the_new_directories(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        development_keys(tmp_path / "new" / "data")
    finally:
        os.umask(previous)
    assert [_mode(tmp_path / "new"), _mode(tmp_path / "new" / "data")] == [0o700, 0o700]
    assert _mode(tmp_path / "new" / "data" / "keys.env") == 0o600


def test_starters_at_the_same_time_agree_on_one_pair_and_leave_no_drafts(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starters:
        keys = list(starters.map(development_keys, [tmp_path / "data"] * 32))
    assert all(pair == keys[0] for pair in keys)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["keys.env"]


def test_keys_that_are_there_are_kept(tmp_path: Path) -> None:
    assert development_keys(tmp_path) == development_keys(tmp_path)


def test_a_crash_while_writing_leaves_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space"):
        development_keys(tmp_path)
    assert list(tmp_path.iterdir()) == []
