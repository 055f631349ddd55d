"""The stack that is put to the test: two workers a stage that is checked, their model server behind a proxy."""

import shutil
import sys
from pathlib import Path

from ops.local.config import FileReady, PartSpec, StackConfig

__all__ = ["PROXY", "STAGES", "WORKERS_PER_STAGE", "stack_under_test"]

PROXY = "triton_proxy"
STAGES = ("admit", "assess")
"""What gets load here, and is checked; feedback is not sent."""
WORKERS_PER_STAGE = 2
_START_TIMEOUT_S = 180.0


def stack_under_test(base: StackConfig, folder: Path) -> StackConfig:
    """Make of an ordinary stack the one to be broken, with its own copy of the model repository in `folder`."""
    models, base = folder / "models", base.starting_within(_START_TIMEOUT_S)
    for model in base.models:
        shutil.copytree(
            base.model_repository / model, models / model, ignore=shutil.ignore_patterns("__pycache__")
        )
    stages = [spec for spec in base.workers if spec.name in STAGES]
    workers = [
        _numbered(spec, number, models) for spec in stages for number in range(1, WORKERS_PER_STAGE + 1)
    ]
    return base.model_copy(
        update={
            "model_repository": models.absolute(),
            "workers": (_proxy(), *workers),
        }
    )


def _numbered(spec: PartSpec, number: int, models: Path) -> PartSpec:
    name = f"{spec.name}_{number}"
    env = {
        **spec.env,
        "TRIAGE_TRITON_ADDRESS": f"${{{PROXY}}}",
        "TRIAGE_MODEL_REPOSITORY": str(models.absolute()),
        "TRIAGE_STATE_DIR": f"${{data_dir}}/workers/{name}",
    }
    needs = (*spec.needs, PROXY) if "triton" in spec.needs else spec.needs
    return spec.model_copy(update={"name": name, "env": env, "needs": needs})


def _proxy() -> PartSpec:
    module = "ops.chaos.triton_proxy"
    return PartSpec(
        name=PROXY,
        command=(sys.executable, "-m", module, "127.0.0.1:${port}", "${triton_grpc}", "${ready_file}"),
        needs=("triton",),
        ready=FileReady(),
    )
