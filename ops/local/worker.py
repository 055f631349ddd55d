"""A worker of ours, described by a PartSpec."""

import os
from collections.abc import Mapping
from pathlib import Path
from string import Template

from ops.local.config import FileReady, HttpReady, PartSpec
from ops.local.errors import NotReady
from ops.local.parts import Part, http_get
from ops.local.ports import LOOPBACK

__all__ = ["Worker"]


class Worker(Part):
    """Fills the addresses of the running stack into the spec's command and environment."""

    failures_until_restart = 4

    def __init__(self, spec: PartSpec, port: int, run_dir: Path, facts: Mapping[str, str]) -> None:
        self.name = spec.name
        self.needs = frozenset(spec.needs)
        self.start_timeout_s = spec.start_timeout_s
        self.stop_timeout_s = spec.stop_timeout_s
        self.address = f"{LOOPBACK}:{port}"
        self._spec = spec
        self._port = port
        self._ready_file = run_dir / f"{spec.name}.ready"
        self._facts = {**facts, "port": str(port), "ready_file": str(self._ready_file)}

    def _fill(self, template: str) -> str:
        return Template(template).substitute(self._facts)

    def command(self) -> list[str]:
        return [self._fill(argument) for argument in self._spec.command]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **{name: self._fill(value) for name, value in self._spec.env.items()}}

    async def before_start(self) -> None:
        self._ready_file.unlink(missing_ok=True)

    async def check_ready(self, pid: int) -> None:
        if isinstance(self._spec.ready, FileReady):
            if not self._ready_file.exists():
                raise NotReady("the ready file is not there")
        else:
            await http_get(self._port, self._spec.ready.path)

    async def check_alive(self, pid: int) -> None:
        if isinstance(self._spec.ready, HttpReady):
            await http_get(self._port, self._spec.ready.alive_path)
