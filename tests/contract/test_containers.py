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
        image = re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", service["image"])
        assert re.match(r"\d+\.\d+", image.rpartition(":")[2]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_the_broker_is_asked_for_every_topic_of_the_map() -> None:
    assert {(spec.name, spec.partitions, spec.config["retention.ms"]) for spec in TOPIC_SPECS} == {
        (topic.name, topic.partitions, str(topic.retention_ms)) for topic in ALL_TOPICS
    }


def test_the_gpu_server_has_the_same_tensors() -> None:
    def tensors(path: str) -> list[tuple[str, int, list[int]]]:
        config = text_format.Parse((ROOT / path).read_text(encoding="utf-8"), ModelConfig())
        assert config.max_batch_size == 64
        return [
            (tensor.name, tensor.data_type, list(tensor.dims)) for tensor in (*config.input, *config.output)
        ]

    assert tensors("ops/docker/gpu/config.pbtxt") == tensors("model_repo/triage_bert/config.pbtxt")
