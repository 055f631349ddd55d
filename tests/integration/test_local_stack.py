"""The embedded stack with its real servers, a small model, and every way to lose a process."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import redis
import tritonclient.grpc as triton
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from numpy.typing import NDArray
from redis.backoff import NoBackoff
from redis.retry import Retry

from ops.local.config import HttpReady, PartSpec, StackConfig, TopicSpec
from ops.local.errors import PartFailed, StackNotRunning, StackRunning
from ops.local.ports import is_free
from ops.local.process import MARKER
from ops.local.stack import Stack
from ops.local.state import PartState, StackState, StackStatus
from tests.tiny_triage_bert import VITALS_COUNT, write_repository

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

_WAIT_S = 60.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where the kernel puts it
_TOPICS = (TopicSpec(name="kept", partitions=3, config={"retention.ms": "3600000"}),)


def _config(folder: Path, **changes: Any) -> StackConfig:
    return StackConfig(
        **{
            "data_dir": folder / "data",
            "model_repository": folder / "models",
            "topics": _TOPICS,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("local")
    # Slow enough that requests queue up faster than they are answered.
    write_repository(folder / "models", matmul_rounds=4)
    return folder


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    running = Stack(_config(folder))
    asyncio.run(running.prepare())
    asyncio.run(running.start())
    yield running
    with contextlib.suppress(StackNotRunning):  # the last tests stop it themselves
        asyncio.run(running.stop())


def _status(stack: Stack) -> StackStatus:
    status = stack.status()
    assert status is not None
    return status


def _pid(stack: Stack, part: str) -> int:
    process = _status(stack).parts[part].process
    assert process is not None
    return process.pid


def _wait_for(condition: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def _processes(stack_id: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) == stack_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
    return found


def _leftovers(stack_id: str) -> list[str]:
    """Processes and shared memory of a stack."""
    return [*_processes(stack_id), *map(str, _SHARED_MEMORY.glob(f"triage-{stack_id}-*"))]


def _produce(stack: Stack, value: bytes) -> None:
    errors: list[Any] = []
    producer = Producer({"bootstrap.servers": stack.endpoints.kafka, "acks": "all"})
    producer.produce("kept", value, key=b"k", on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(_WAIT_S) == 0
    assert errors == [None]


def _consume(stack: Stack, count: int) -> list[bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": stack.endpoints.kafka,
            "group.id": f"test-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["kept"])
    try:
        return [message.value() for message in consumer.consume(count, timeout=_WAIT_S)]
    finally:
        consumer.close()


def _inputs(rows: int, tokens: int) -> list[triton.InferInput]:
    arrays: dict[str, NDArray[Any]] = {
        "input_ids": np.ones((rows, tokens), dtype=np.int64),
        "attention_mask": np.ones((rows, tokens), dtype=np.int64),
        "vitals": np.full((rows, VITALS_COUNT), np.nan, dtype=np.float32),
    }
    inputs = []
    for name, values in arrays.items():
        inputs.append(triton.InferInput(name, values.shape, "FP32" if name == "vitals" else "INT64"))
        inputs[-1].set_data_from_numpy(values)
    return inputs


def _answers(stack: Stack) -> bool:
    client = triton.InferenceServerClient(stack.endpoints.triton_grpc)
    try:
        reply = client.infer("triage_bert", _inputs(2, 5), model_version="1", client_timeout=_WAIT_S)
        return np.shape(reply.as_numpy("urgency_attribution")) == (2, 5 + VITALS_COUNT)
    finally:
        client.close()


def test_everything_is_ready_and_tells_where(stack: Stack) -> None:
    status = _status(stack)
    assert status.state is StackState.READY
    assert {name: part.state for name, part in status.parts.items()} == dict.fromkeys(
        ("kafka", "redis", "triton"), PartState.READY
    )
    assert all(part.address and part.process and part.log_path.exists() for part in status.parts.values())


def test_topics_have_their_partitions_and_settings(stack: Stack) -> None:
    topics = AdminClient({"bootstrap.servers": stack.endpoints.kafka}).list_topics(timeout=_WAIT_S).topics
    assert len(topics["kept"].partitions) == 3


def test_records_and_keys_are_kept_and_the_model_answers(stack: Stack) -> None:
    _produce(stack, b"first")
    assert _consume(stack, 1) == [b"first"]
    redis.Redis.from_url(str(stack.endpoints.redis_url)).set("kept", "first")
    assert _answers(stack)


def test_redis_refuses_who_has_no_password(stack: Stack) -> None:
    host, port = _status(stack).address("redis").split(":")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(host, int(port), retry=Retry(NoBackoff(), 0)).get("kept")


def test_second_stack_on_the_same_data_is_refused(stack: Stack) -> None:
    with pytest.raises(StackRunning):
        asyncio.run(Stack(stack.config).start(fresh=True))


def test_express_request_overtakes_the_standard_ones(stack: Stack) -> None:
    client = triton.InferenceServerClient(stack.endpoints.triton_grpc)
    finished: list[str] = []
    all_done = threading.Event()
    standard_count = 120

    def note(name: str) -> Callable[..., None]:
        def finish(result: Any, error: Any) -> None:
            finished.append(name if error is None else f"{name}: {error}")
            if len(finished) == standard_count + 1:
                all_done.set()

        return finish

    for _ in range(standard_count):
        client.async_infer("triage_bert", _inputs(16, 64), note("standard"))
    client.async_infer("triage_bert", _inputs(1, 64), note("express"), priority=1)
    assert all_done.wait(_WAIT_S)
    client.close()
    assert set(finished) == {"standard", "express"}
    assert len(finished) - finished.index("express") > standard_count / 2


def test_request_past_its_own_timeout_is_rejected(stack: Stack) -> None:
    client = triton.InferenceServerClient(stack.endpoints.triton_grpc)
    errors: list[Any] = []
    for _ in range(100):
        client.async_infer(
            "triage_bert", _inputs(4, 64), lambda result, error: errors.append(error), timeout=1000
        )
    _wait_for(lambda: len(errors) == 100)
    client.close()
    rejected = [error for error in errors if error is not None]
    assert rejected
    assert {error.status() for error in rejected} == {"StatusCode.UNAVAILABLE"}


def test_fault_of_one_request_is_its_own(stack: Stack) -> None:
    client = triton.InferenceServerClient(stack.endpoints.triton_grpc)
    broken = _inputs(1, 5)
    broken[1].set_data_from_numpy(np.zeros((1, 5), dtype=np.int64))
    with pytest.raises(triton.InferenceServerException, match="no tokens") as refused:
        client.infer("triage_bert", broken, client_timeout=_WAIT_S)
    client.close()
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert _answers(stack)


@pytest.mark.parametrize("part", ["redis", "kafka", "triton"])
def test_killed_part_comes_back(stack: Stack, part: str) -> None:
    restarts = _status(stack).parts[part].restarts
    os.kill(_pid(stack, part), signal.SIGKILL)
    _wait_for(lambda: _status(stack).parts[part].restarts > restarts and _status(stack).is_ready)
    _produce(stack, part.encode())
    assert redis.Redis.from_url(str(stack.endpoints.redis_url)).get("kept") == b"first"
    assert _answers(stack)


def test_dead_model_process_behind_a_ready_server_is_found(stack: Stack) -> None:
    stubs = psutil.Process(_pid(stack, "triton")).children(recursive=True)
    restarts = _status(stack).parts["triton"].restarts
    stubs[0].kill()
    _wait_for(lambda: _status(stack).parts["triton"].restarts > restarts and _status(stack).is_ready)
    assert all(_answers(stack) for _ in range(4))


def test_killed_supervisor_leaves_no_process_and_the_data_survive_on_other_ports(stack: Stack) -> None:
    before = _status(stack)
    assert before.supervisor is not None
    os.kill(before.supervisor.pid, signal.SIGKILL)
    _wait_for(lambda: _processes(before.stack_id) == [])
    assert _status(stack).state is StackState.STOPPED
    with _listener(before.ports["kafka"]), _listener(before.ports["kafka_controller"]):
        asyncio.run(stack.start())
    after = _status(stack)
    assert after.ports["kafka"] != before.ports["kafka"]
    assert after.ports["redis"] == before.ports["redis"]
    assert _consume(stack, 4)[0] == b"first"
    assert redis.Redis.from_url(str(stack.endpoints.redis_url)).get("kept") == b"first"


def test_stop_leaves_no_process_and_no_shared_memory(stack: Stack) -> None:
    stack_id = _status(stack).stack_id
    assert _leftovers(stack_id)
    asyncio.run(stack.stop())
    assert _leftovers(stack_id) == []
    assert _status(stack).state is StackState.STOPPED


@contextlib.contextmanager
def _listener(port: int) -> Iterator[None]:
    _wait_for(lambda: is_free(port))  # a dead process's last threads may still hold it
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_fresh_start_has_no_data_and_ends_with_its_owner(folder: Path) -> None:
    worker = PartSpec(
        name="admit",
        command=(sys.executable, "-m", "http.server", "${port}", "--bind", "127.0.0.1"),
        needs=("redis",),
        ready=HttpReady(path="/"),
    )
    config = _config(folder, servers={"redis"}, topics=(), workers=(worker,))
    code = f"""
import asyncio, sys
from ops.local.config import StackConfig
from ops.local.stack import Stack
stack = Stack(StackConfig.model_validate_json({config.model_dump_json()!r}))
asyncio.run(stack.start(fresh=True))
print("ready", flush=True)
sys.stdin.read()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    stack = Stack(config)
    assert redis.Redis.from_url(str(stack.endpoints.redis_url)).get("kept") is None
    assert not (config.data_dir / "kafka" / "data").exists()
    owner.kill()
    owner.communicate()
    _wait_for(lambda: _status(stack).state is StackState.STOPPED and not _leftovers(_status(stack).stack_id))


def test_detached_stack_is_stopped_by_another_process(tmp_path: Path) -> None:
    config = _config(tmp_path, servers={"redis"}, topics=())
    asyncio.run(Stack(config).start(detached=True))
    stopper = Stack(StackConfig(data_dir=config.data_dir))
    assert _status(stopper).is_ready
    asyncio.run(stopper.stop())
    assert _status(stopper).state is StackState.STOPPED
    assert _leftovers(_status(stopper).stack_id) == []


def test_worker_that_cannot_start_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    worker = PartSpec(
        name="assess",
        command=("sh", "-c", "echo no such module; exit 1"),
        needs=("redis",),
        ready=HttpReady(),
    )
    config = _config(tmp_path, servers={"redis"}, topics=(), workers=(worker,))
    with pytest.raises(PartFailed, match="no such module") as failure:
        asyncio.run(Stack(config).start())
    assert failure.value.part == "assess"
    assert _leftovers(_status(Stack(config)).stack_id) == []
