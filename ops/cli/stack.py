"""What this project's embedded stack is made of: our topics, our workers, development keys."""

import os
import sys
from pathlib import Path

from ops.cli.keys import development_keys
from ops.local.config import HttpReady, PartSpec, StackConfig, default_data_dir
from ops.local.stack import Stack
from ops.topic_specs import TOPIC_SPECS

__all__ = [
    "PROJECT_ROOT",
    "find_stack",
    "open_stack",
    "served_repository",
    "stack_config",
    "worker_environment",
]

PROJECT_ROOT = Path(__file__).resolve().parents[2]
_NEEDS = {"admit": ("kafka",), "assess": ("kafka", "redis", "triton"), "learn": ("kafka", "redis")}


def served_repository() -> Path:
    """Where the embedded stack's models are: `$TRIAGE_MODEL_REPOSITORY`, or the checkout's own."""
    return Path(os.environ.get("TRIAGE_MODEL_REPOSITORY") or PROJECT_ROOT / "model_repo").absolute()


def stack_config(data_dir: Path | None = None, *, model_repository: Path | None = None) -> StackConfig:
    """Describe the whole stack in `data_dir` (default: `.triage`). Makes its keys where it has none yet."""
    directory = data_dir or default_data_dir()
    keys = development_keys(directory)
    models = (model_repository or served_repository()).absolute()
    return StackConfig(
        data_dir=directory,
        topics=TOPIC_SPECS,
        workers=tuple(_worker(stage, keys, models) for stage in _NEEDS),
        model_repository=models,
    )


def open_stack(data_dir: Path | None = None) -> Stack:
    """Return the stack of `data_dir`, to be started."""
    return Stack(stack_config(data_dir))


def find_stack(data_dir: Path | None = None) -> Stack:
    """Return the stack of `data_dir` for who asks for its status or addresses, or stops it: it makes nothing."""
    return Stack(StackConfig(data_dir=data_dir or default_data_dir()))


def _worker(stage: str, keys: dict[str, str], models: Path) -> PartSpec:
    return PartSpec(
        name=stage,
        command=(sys.executable, "-m", "streams.worker", "worker", "--loglevel", "warn"),
        env={"TRIAGE_STAGE": stage, "TRIAGE_WEB_PORT": "${port}", **worker_environment(keys, models)},
        needs=_NEEDS[stage],
        ready=HttpReady(),
    )


def worker_environment(keys: dict[str, str], models: Path) -> dict[str, str]:
    """Settings of a worker on the embedded stack; `${...}` is filled in by the supervisor."""
    return {
        "TRIAGE_DEVELOPMENT": "1",  # everything listens on the loopback interface of one machine
        "TRIAGE_KAFKA_BOOTSTRAP": "${kafka}",
        "TRIAGE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "TRIAGE_TRITON_ADDRESS": "${triton_grpc}",
        "TRIAGE_TRITON_TLS": "0",
        "TRIAGE_REDIS_URL": "${redis_url}",
        "TRIAGE_MODEL_REPOSITORY": str(models),
        "TRIAGE_STATE_DIR": "${data_dir}/workers",
        **keys,
    }
