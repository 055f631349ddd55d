"""What this project's embedded stack is made of: our topics, our workers, development keys."""

import secrets
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from ops.local.config import HttpReady, PartSpec, StackConfig, TopicSpec, default_data_dir
from ops.local.stack import Stack
from streams.topics import ALL_TOPICS

__all__ = ["PROJECT_ROOT", "open_stack", "stack_config", "worker_environment"]

PROJECT_ROOT = Path(__file__).resolve().parents[2]
_KEY_FILE = "keys.env"
_STAGES = ("admit", "assess")


def stack_config(data_dir: Path | None = None) -> StackConfig:
    """Describe the whole stack in `data_dir` (default: `.triage`)."""
    directory = data_dir or default_data_dir()
    return StackConfig(
        data_dir=directory,
        topics=tuple(
            TopicSpec(name=topic.name, partitions=topic.partitions, config=topic.config)
            for topic in ALL_TOPICS
        ),
        workers=tuple(_worker(stage, directory) for stage in _STAGES),
        model_repository=PROJECT_ROOT / "model_repo",
    )


def open_stack(data_dir: Path | None = None) -> Stack:
    """Return the stack of `data_dir`, running or not."""
    return Stack(stack_config(data_dir))


def _worker(stage: str, data_dir: Path) -> PartSpec:
    return PartSpec(
        name=stage,
        command=(sys.executable, "-m", "streams.worker", "worker", "--loglevel", "warn"),
        env={"TRIAGE_STAGE": stage, "TRIAGE_WEB_PORT": "${port}", **worker_environment(data_dir)},
        needs=("kafka", "redis", "triton") if stage == "assess" else ("kafka",),
        ready=HttpReady(path="/health"),
    )


def worker_environment(data_dir: Path) -> dict[str, str]:
    """Settings of a worker on the embedded stack; `${...}` is filled in by the supervisor."""
    return {
        "TRIAGE_DEVELOPMENT": "1",  # everything listens on the loopback interface of one machine
        "TRIAGE_KAFKA_BOOTSTRAP": "${kafka}",
        "TRIAGE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "TRIAGE_TRITON_ADDRESS": "${triton_grpc}",
        "TRIAGE_TRITON_TLS": "0",
        "TRIAGE_REDIS_URL": "${redis_url}",
        "TRIAGE_MODEL_REPOSITORY": str(PROJECT_ROOT / "model_repo"),
        "TRIAGE_STATE_DIR": "${data_dir}/workers",
        **development_keys(data_dir),
    }


def development_keys(data_dir: Path) -> dict[str, str]:
    """Return the keys of this data directory, made at first use: what it holds is pseudonymised with them."""
    path = data_dir / _KEY_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(
            f"TRIAGE_PSEUDONYM_KEY={secrets.token_urlsafe(48)}\nTRIAGE_PAYLOAD_KEY={Fernet.generate_key().decode()}\n",
            encoding="utf-8",
        )
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if line)
