"""docker-compose.yml and the images say what the code says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from ops.topic_specs import TOPIC_SPECS
from streams.settings import Settings
from streams.topics import ALL_TOPICS

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = ("topics", "triton", "admit", "assess", "learn", "watch")


def _settings(service: str) -> dict[str, str]:
    environment = COMPOSE["services"][service]["environment"]
    return {name: value for name, value in environment.items() if name.startswith("TRIAGE_")}


def _default(value: str) -> str:
    """Return what compose makes of a value where the environment says nothing."""
    return re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", value)


@pytest.mark.parametrize("service", ["topics", "admit", "assess", "learn", "watch"])
def test_every_setting_of_a_worker_is_one(service: str) -> None:
    known = {f"TRIAGE_{name.upper()}" for name in Settings.model_fields} | {"TRIAGE_STAGE"}
    assert set(_settings(service)) <= known


@pytest.mark.parametrize(
    ("stage", "without"), [("admit", "PSEUDONYM_KEY"), ("assess", "PAYLOAD_KEY"), ("assess", "DEVELOPMENT")]
)
def test_compose_starts_nothing_without_its_secrets(stage: str, without: str) -> None:
    assert _settings(stage)[f"TRIAGE_{without}"].startswith(f"${{TRIAGE_{without}:?")


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_no_container_has_rights(service: str) -> None:
    described = COMPOSE["services"][service]
    assert described["read_only"]
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    if service not in OURS:
        assert described["user"] not in ("", "root", "0")
        return
    dockerfile = (ROOT / described["build"]["dockerfile"]).read_text(encoding="utf-8")
    assert re.search(r"^USER triage$", dockerfile, re.MULTILINE)


def test_images_are_pinned_and_ports_are_on_the_loopback_interface() -> None:
    for name, service in COMPOSE["services"].items():
        image = _default(service["image"])
        assert re.match(r"\d+\.\d+", image.rpartition(":")[2]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_broker_is_asked_for_every_topic_of_the_map() -> None:
    assert {(spec.name, spec.partitions, spec.config["retention.ms"]) for spec in TOPIC_SPECS} == {
        (topic.name, topic.partitions, str(topic.retention_ms)) for topic in ALL_TOPICS
    }


def _model(path: str) -> ModelConfig:
    return text_format.Parse((ROOT / path).read_text(encoding="utf-8"), ModelConfig())


CPU_MODEL, GPU_MODEL = _model("model_repo/triage_bert/config.pbtxt"), _model("ops/docker/gpu/config.pbtxt")


def test_the_gpu_server_has_the_same_tensors() -> None:
    def tensors(config: ModelConfig) -> list[tuple[str, int, list[int]]]:
        assert config.max_batch_size == 64
        return [
            (tensor.name, tensor.data_type, list(tensor.dims)) for tensor in (*config.input, *config.output)
        ]

    assert tensors(GPU_MODEL) == tensors(CPU_MODEL)


def test_the_gpu_server_has_the_same_queue_and_versions() -> None:
    def promised(config: ModelConfig) -> list[object]:
        queue = config.dynamic_batching
        assert queue.default_queue_policy.default_timeout_microseconds > 0
        return [
            queue.priority_levels,
            queue.default_priority_level,
            queue.default_queue_policy,
            dict(queue.priority_queue_policy),
            config.version_policy,
        ]

    assert promised(GPU_MODEL) == promised(CPU_MODEL)


@pytest.mark.parametrize("service", sorted(set(COMPOSE["services"]) - {"topics"}))
def test_whoever_stays_is_asked_for_its_health(service: str) -> None:
    described = COMPOSE["services"][service]["healthcheck"]
    assert described["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout"} <= described.keys()


def test_every_service_has_a_limit_of_memory_which_the_document_names() -> None:
    table = (
        (ROOT / "docs/how-to/docker.md").read_text(encoding="utf-8").split("## Memory\n")[1].split("\n## ")[0]
    )
    named = {
        name: f"{number}{unit[0].lower()}"
        for names, number, unit in re.findall(r"^\| (`.+`) \| (\d+) (GiB|MiB)", table, re.MULTILINE)
        for name in re.findall(r"`(\S+)`", names)
    }
    assert named == {name: _default(service["mem_limit"]) for name, service in COMPOSE["services"].items()}


def test_redis_refuses_before_it_is_killed_and_forgets_nothing() -> None:
    redis = COMPOSE["services"]["redis"]
    command = redis["command"][-1]
    data = re.search(r"--maxmemory (\S+)", command)
    assert data is not None
    assert int(_default(data[1]).removesuffix("gb")) < int(_default(redis["mem_limit"]).removesuffix("g"))
    assert "--maxmemory-policy noeviction" in command


def test_the_advised_number_of_workers_leaves_an_instance_for_the_express_lane() -> None:
    text = (ROOT / "docs/how-to/docker.md").read_text(encoding="utf-8")
    advised = re.findall(
        r"(?:TRIAGE_STANDARD_REQUESTS=(\d) )?docker compose --profile cpu up .*--scale assess=(\d)", text
    )
    assert advised
    (instances,) = (group.count for group in CPU_MODEL.instance_group)
    assert all(int(each) * int(workers) < instances for each, workers in advised)
