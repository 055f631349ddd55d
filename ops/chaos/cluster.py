"""The running stack as the nemesis sees it: processes to hit, workers to add, a model repository to change."""

import signal
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from random import Random

import psutil
from confluent_kafka import KafkaException

from ops.chaos.extra_worker import ExtraWorker
from ops.chaos.groups import Groups
from ops.chaos.triton_proxy import Behaviour, set_behaviour
from ops.chaos.turns import Turns
from ops.chaos.under_test import PROXY, STAGES
from ops.chaos.versions import Versions
from ops.cli.connection import embedded
from ops.local.config import PartSpec
from ops.local.stack import Stack
from ops.local.state import StackStatus
from ops.release.errors import ReleaseRefused, ServerRefused
from ops.release.repository import ModelVersions
from streams.errors import Unavailable
from streams.settings import ModelServerSettings

__all__ = ["Cluster", "NotRecovered"]

_STUB_NAME = "triton_python_b"  # "triton_python_backend_stub" as far as the kernel keeps a name
_POLL_S = 0.05
_RESTART_TIMEOUT_S = 90.0
_REPOSITORY_TIMEOUT_S = 60.0


class NotRecovered(Exception):
    """A part did not come back in time, or never ran."""


class Cluster:
    """Signals go to what runs now, whatever its process id has become. `model` is the served one."""

    def __init__(self, stack: Stack, model: str) -> None:
        self.model = model
        self._stack = stack
        self._extra: list[ExtraWorker] = []
        self._extra_count = 0
        self._versions = Versions(_settings(stack, model), stack.config.data_dir / "second_version")
        self._processes_per_version = len(self.model_processes())
        self._turns = Turns({stage: self.workers(stage) for stage in STAGES})
        self._groups = Groups(str(stack.endpoints.kafka))

    def process(self, part: str) -> psutil.Process:
        """The part's process; waits for one that is about to be started. Raises NotRecovered."""
        found: list[psutil.Process] = []

        def runs() -> bool:
            reference = self._status().parts[part].process
            process = reference.find() if reference else None
            found.extend([process] if process else [])
            return bool(found)

        self._wait(runs, f"{part} does not run")
        return found[0]

    def workers(self, stage: str | None = None) -> list[str]:
        """Names of the supervised workers, or of those of one stage."""
        workers = [worker for worker in self._stack.config.workers if worker.name != PROXY]
        return [worker.name for worker in workers if stage in (None, worker.env["TRIAGE_STAGE"])]

    def choose_worker(self, kind: str, rng: Random, *, first: str) -> str:
        """Return a supervised worker for a fault of this kind to hit: see Turns."""
        return self._turns.choose(kind, rng, first=first)

    def end(self, part: str, number: signal.Signals) -> None:
        """Send a deadly signal to a part and wait until its process is gone."""
        self._end(self.process(part), number)

    def kill(self, process: psutil.Process) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._end(process, signal.SIGKILL)

    def _end(self, process: psutil.Process, number: signal.Signals) -> None:
        process.send_signal(number)
        self._wait(lambda: not _lives(process), "a process does not end")

    def model_processes(self, version: str | None = None) -> list[psutil.Process]:
        """The stub processes in which Triton's Python backend runs a version of the model: the live one."""
        code = f"/{self.model}/{version or self._versions.live}/"
        children = self.process("triton").children(recursive=True)
        return [
            child
            for child in children
            if _lives(child)
            and child.name().startswith(_STUB_NAME)
            and any(code in argument for argument in child.cmdline())
        ]

    def wait_until_whole(self) -> None:
        """Wait until every part is ready, every model process lives and every worker has its partitions.

        Raises NotRecovered.
        """
        self._wait(self._is_whole, "the stack is not whole")
        self._wait(lambda: self._groups.are_stable(self._group_sizes()), "the consumer groups are not stable")

    def _is_whole(self) -> bool:
        status = self._status()
        current = [part.process.find() if part.process else None for part in status.parts.values()]
        try:
            return (
                status.is_ready
                and None not in current
                and all(self._is_served(version) for version in self._served_versions())
                and all(worker.is_ready() for worker in self._extra)
            )
        except psutil.NoSuchProcess:  # it ended between two looks
            return False

    def _is_served(self, version: str) -> bool:
        return len(self.model_processes(version)) >= self._processes_per_version

    def _served_versions(self) -> list[str]:
        folder = self._stack.config.model_repository / self.model
        return [str(number) for number in ModelVersions(folder).numbers()]

    def _group_sizes(self) -> dict[str, int]:
        """Members of each consumer group: the workers of a stage form one."""
        supervised = [self._spec(name) for name in self.workers()]
        specs = [*supervised, *(worker.spec for worker in self._extra)]
        return Counter(f"triage-{spec.env['TRIAGE_STAGE']}" for spec in specs)

    def add_worker(self, like: str) -> str:
        """Start one more worker beside the supervised ones and wait until it takes part. Raises NotRecovered."""
        self._extra_count += 1
        worker = ExtraWorker(self._stack, self._spec(like), f"{like}_extra_{self._extra_count}")
        self._extra.append(worker)
        self._wait(worker.is_ready, f"{worker.name} does not get ready")
        return worker.name

    def remove_worker(self, otherwise: str) -> str:
        """Ask a worker to end: one that was added, or else a supervised one, which is then started anew."""
        if self._extra:
            worker = self._extra.pop(0)
            worker.stop()
            return worker.name
        self.end(otherwise, signal.SIGTERM)
        return otherwise

    def behave(self, behaviour: Behaviour) -> None:
        """Tell the proxy in front of Triton how to treat requests."""
        set_behaviour(self._status().address(PROXY), behaviour)

    def install_model_version(self) -> None:
        """Have a second version, which answers differently, beside the one that serves. Raises NotRecovered."""
        self._take_step(self._versions.install)

    def swap_model(self) -> str:
        """Promote the second version, or roll back from it; the version that is live then. Raises NotRecovered."""
        self._take_step(self._versions.swap)
        return f"version {self._versions.live}"

    def _take_step(self, step: Callable[[], None]) -> None:
        """Take a step of a release, again where the server went away under it; a recorded one is never repeated."""

        def is_taken() -> bool:
            try:
                step()
            except ServerRefused:
                return False
            except (ReleaseRefused, Unavailable, KafkaException) as cause:
                raise NotRecovered(f"a step of a release failed: {cause}") from None
            return True

        self._wait(is_taken, "the model server refuses a step of a release")

    def unload_model(self) -> None:
        """Take the model away from the running server."""
        self._ask_repository("unload")

    def load_model(self) -> None:
        """Load what the model's folder holds."""
        self._ask_repository("load")

    def close(self) -> None:
        """End what was added."""
        for worker in self._extra:
            worker.stop()
        self._extra.clear()

    def _ask_repository(self, verb: str) -> None:
        """Ask until there is an answer: the server may be restarted meanwhile."""
        statuses: list[int] = []

        def answers() -> bool:
            host, port = str(self._stack.endpoints.triton_http).split(":")
            connection = HTTPConnection(host, int(port), timeout=_REPOSITORY_TIMEOUT_S)
            try:
                connection.request("POST", f"/v2/repository/models/{self.model}/{verb}", body=b"{}")
                statuses.append(connection.getresponse().status)
            except (OSError, HTTPException):
                return False
            finally:
                connection.close()
            return True

        self._wait(answers, f"no answer to {verb} of {self.model}")
        if statuses[-1] != 200:
            raise NotRecovered(f"{verb} of {self.model}: status {statuses[-1]}")

    def _spec(self, name: str) -> PartSpec:
        return next(worker for worker in self._stack.config.workers if worker.name == name)

    def _status(self) -> StackStatus:
        status = self._stack.status()
        if status is None:
            raise NotRecovered("the stack was never started")
        return status

    def _wait(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + _RESTART_TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise NotRecovered(f"{complaint} ({_RESTART_TIMEOUT_S:.0f} s)")
            time.sleep(_POLL_S)


def _settings(stack: Stack, model: str) -> ModelServerSettings:
    served = {"model_repository": stack.config.model_repository, "model_name": model}
    return embedded(stack.endpoints, ModelServerSettings).model_copy(update=served)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
