from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ops.local.assembly import build_parts
from ops.local.config import External, FileReady, PartSpec, StackConfig, TopicSpec, default_data_dir
from ops.local.layout import Layout
from ops.local.worker import Worker


def _worker(
    name: str = "admit", needs: tuple[str, ...] = ("kafka",), env: dict[str, str] | None = None
) -> PartSpec:
    return PartSpec(name=name, command=("run", "${kafka}"), needs=needs, ready=FileReady(), env=env or {})


def test_survives_the_way_to_the_supervisor() -> None:
    config = StackConfig(
        topics=(TopicSpec(name="a", partitions=2),), workers=(_worker(env={"KEY": "${port}"}),)
    )
    assert StackConfig.model_validate_json(config.model_dump_json()) == config


def test_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert StackConfig(data_dir=Path("here")).data_dir == tmp_path / "here"


def test_data_dir_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(tmp_path))
    assert default_data_dir() == tmp_path


@pytest.mark.parametrize(
    "fields",
    [
        {"workers": (_worker(), _worker())},
        {"workers": (_worker(name="kafka"),)},
        {"workers": (_worker(needs=("zookeeper",)),)},
        {"servers": {"kafka"}, "external": External(kafka="127.0.0.1:9")},
        {"servers": {"redis"}, "topics": (TopicSpec(name="a", partitions=1),)},
    ],
    ids=[
        "two of a name",
        "name of a server",
        "unknown need",
        "a server of ours and of others",
        "topics without kafka",
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StackConfig(**fields)


def test_secrets_are_not_shown() -> None:
    assert "s3cret" not in repr(StackConfig(workers=(_worker(env={"KEY": "s3cret"}),)))
    external = External(redis_url="redis://:s3cret@127.0.0.1:9/0")
    assert "s3cret" not in repr(StackConfig(servers=frozenset(), external=external))


def test_worker_uses_external_servers_under_the_same_names_and_waits_for_none(tmp_path: Path) -> None:
    worker = _worker(needs=("kafka", "redis"), env={"URL": "${redis_url}"})
    external = External(kafka="127.0.0.1:9", redis_url="redis://127.0.0.1:8/0")
    config = StackConfig(servers=frozenset(), external=external, workers=(worker,))
    (part,) = build_parts(config, Layout(tmp_path), {"admit": 20_001})
    assert part.needs == frozenset()
    assert part.command() == ["run", "127.0.0.1:9"]
    assert part.environment()["URL"] == "redis://127.0.0.1:8/0"


def test_worker_gets_the_addresses_of_the_stack(tmp_path: Path) -> None:
    worker = Worker(_worker(env={"LISTEN": "${port}"}), 20_001, tmp_path, {"kafka": "127.0.0.1:9"})
    assert worker.command() == ["run", "127.0.0.1:9"]
    assert worker.environment()["LISTEN"] == "20001"


async def test_ready_file_of_an_earlier_life_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "admit.ready").touch()
    worker = Worker(_worker(), 20_001, tmp_path, {"kafka": "127.0.0.1:9"})
    await worker.before_start()
    assert not (tmp_path / "admit.ready").exists()


def test_clearing_keeps_what_a_stack_did_not_write(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    (layout.kafka / "data").mkdir()
    (tmp_path / "notes.txt").touch()
    layout.clear()
    assert not layout.kafka.exists()
    assert (tmp_path / "notes.txt").exists()


def test_only_the_user_can_read_the_data(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.make()
    assert layout.kafka.stat().st_mode & 0o077 == 0
