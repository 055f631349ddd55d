"""Triton with explicit model control, and the probe that sees a dead stub behind a "ready" server."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from ops.local.errors import NotReady, SelfTestFailed
from ops.local.orphans import remove_shared_memory, shared_memory_prefix
from ops.local.parts import Part, base_environment, http_get
from ops.local.ports import LOOPBACK
from ops.local.triton_files import TritonFiles

__all__ = ["DIFFERS", "Triton"]

_STUB_NAME = "triton_python_b"  # "triton_python_backend_stub" as far as the kernel keeps a name
_EXIT_TIMEOUT_S = 5
_SELF_TEST_TIMEOUT_S = 60.0
DIFFERS = 3  # exit status of the self-test where the served model is wrong, not merely away


class Triton(Part):
    """The one Triton server of the stack.

    `ports` are those of "http", "grpc" and "metrics". `after_first_ready` runs the self-test on
    `self_test_model`.
    """

    name = "triton"
    start_timeout_s = 60.0
    stop_timeout_s = _EXIT_TIMEOUT_S + 3.0
    liveness_interval_s = 1.0
    failures_until_restart = 3

    def __init__(
        self,
        files: TritonFiles,
        stack_id: str,
        ports: Mapping[str, int],
        model_repository: Path,
        models: Sequence[str],
        self_test_model: str | None,
    ) -> None:
        self.address = f"{LOOPBACK}:{ports['grpc']}"
        self._files = files
        self._stack_id = stack_id
        self._ports = ports
        self._model_repository = model_repository
        self._models = models
        self._self_test_model = self_test_model
        self._instances: dict[tuple[str, str], int] = {}
        self._changing_checks = 0

    def command(self) -> list[str]:
        addresses = [
            option
            for name in ("http", "grpc", "metrics")
            for option in (f"--{name}-address={LOOPBACK}", f"--{name}-port={self._ports[name]}")
        ]
        return [
            str(self._files.server),
            f"--model-repository={self._model_repository}",
            f"--backend-directory={self._files.backends}",
            f"--cache-directory={self._files.caches}",
            f"--backend-config=python,shm-region-prefix-name={shared_memory_prefix(self._stack_id)}",
            *addresses,
            *("--allow-gpu-metrics=false", "--disable-auto-complete-config", "--model-control-mode=explicit"),
            *(f"--load-model={model}" for model in self._models),
            f"--exit-timeout-secs={_EXIT_TIMEOUT_S}",
        ]

    def environment(self) -> Mapping[str, str]:
        inherited = base_environment()
        # The stub runs the first python3 on PATH: it has to be the environment that holds ONNX Runtime and
        # numpy 1.
        path = f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}"
        libraries = ":".join(str(folder) for folder in self._files.library_dirs)
        return {**inherited, "PATH": path, "LD_LIBRARY_PATH": libraries, "PYTHONDONTWRITEBYTECODE": "1"}

    async def before_start(self) -> None:
        remove_shared_memory(self._stack_id)
        self._instances.clear()

    async def check_ready(self, pid: int) -> None:
        await http_get(self._ports["http"], "/v2/health/ready")
        for model in self._models:
            await http_get(self._ports["http"], f"/v2/models/{model}/ready")

    async def check_alive(self, pid: int) -> None:
        await http_get(self._ports["http"], "/v2/health/live")
        index = json.loads(await http_get(self._ports["http"], "/v2/repository/index", "POST"))
        # While one version is loaded the whole server calls itself not ready; the others go on serving.
        is_changing = any(row.get("state") in ("LOADING", "UNLOADING") for row in index)
        self._changing_checks = self._changing_checks + 1 if is_changing else 0
        if is_changing and self._changing_checks * self.liveness_interval_s < self.start_timeout_s:
            return
        for model in self._models:
            await http_get(self._ports["http"], f"/v2/models/{model}/ready")
        # The server goes on saying that it is ready while a stub is dead and requests fail.
        ready = [(row["name"], row["version"]) for row in index if row.get("state") == "READY"]
        expected = sum([await self._stubs_of(model, version) for model, version in ready])
        living = _count_stubs(pid)
        if living < expected:
            raise NotReady(f"{living} of {expected} model processes live")

    async def _stubs_of(self, model: str, version: str) -> int:
        if (model, version) not in self._instances:
            answer = await http_get(self._ports["http"], f"/v2/models/{model}/versions/{version}/config")
            config = json.loads(answer)
            groups = config.get("instance_group", []) if config.get("backend") == "python" else []
            self._instances[model, version] = sum(int(group["count"]) for group in groups)
        return self._instances[model, version]

    async def after_first_ready(self) -> None:
        """Raises SelfTestFailed."""
        if self._self_test_model is None:
            return
        # A process of its own: it loads the model, and the supervisor should not keep that memory.
        test = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops.local.selftest", str(self.address)),
            *(str(self._model_repository / self._self_test_model),),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_SELF_TEST_TIMEOUT_S):
                _, errors = await test.communicate()
        except TimeoutError:
            raise NotReady(f"no result of the self-test within {_SELF_TEST_TIMEOUT_S:.0f} s") from None
        finally:
            if test.returncode is None:
                test.kill()
        told = errors.decode("utf-8", "replace").strip()[-1000:]
        if test.returncode == DIFFERS:
            raise SelfTestFailed(told)
        if test.returncode != 0:
            raise NotReady(f"the self-test did not get through: {told}")


def _count_stubs(server_pid: int) -> int:
    try:
        children = psutil.Process(server_pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    return sum(1 for child in children if _is_living_stub(child))


def _is_living_stub(process: psutil.Process) -> bool:
    try:
        return process.name().startswith(_STUB_NAME) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
