"""A stack of the demo's own, on a copy of the model repository, and commands that are run against it."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from ops.cli.connection import embedded, environment_of
from ops.cli.feedback import asked, publish
from ops.cli.stack import PROJECT_ROOT, stack_config
from ops.learning.demo.verdicts import Requests
from ops.local.blocking import running
from ops.local.stack import Stack
from schemas import ClinicianFeedback
from streams.adapters.redis_feedback import RedisFeedbackBuffer
from streams.settings import BufferSettings

__all__ = ["CommandFailed", "Live", "counted", "live_stack"]

MODEL = "triage_bert"
_START_TIMEOUT_S = 600.0
_HTTP_TIMEOUT_S = 30.0
_WORDS_TIMEOUT_S = 300.0
_POLL_S = 0.5


class CommandFailed(Exception):
    """A command ended with another status than the step needs; the text ends with what it said last."""


@dataclass(frozen=True, slots=True)
class Live:
    """A running stack. `folder`: everything that the demo writes."""

    stack: Stack
    folder: Path

    @property
    def bootstrap(self) -> str:
        """The broker."""
        return str(self.stack.endpoints.kafka)

    def version_dir(self, version: str) -> Path:
        """A served version's folder."""
        return self.stack.config.model_repository / MODEL / version

    def run(self, *arguments: str, ends_with: int | None = 0) -> "subprocess.CompletedProcess[str]":
        """Run `triage` with `arguments` on this stack. Raises CommandFailed where it ends with another status.

        None: any status will do.
        """
        command = [sys.executable, "-m", "ops.cli.main", *arguments]
        done = subprocess.run(
            command, env=self._environment(), cwd=PROJECT_ROOT, check=False, capture_output=True, text=True
        )
        with (self.folder / "commands.log").open("a", encoding="utf-8") as log:
            log.write(f"$ triage {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        if ends_with is not None and done.returncode != ends_with:
            last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise CommandFailed(f"triage {' '.join(arguments[:2])} ended with {done.returncode}:\n{last}")
        return done

    def told(self, *arguments: str, ends_with: int = 0) -> Any:
        """Return what a command with `--json` prints. Raises CommandFailed."""
        return json.loads(self.run(*arguments, "--json", ends_with=ends_with).stdout)

    def say(self, words: list[ClinicianFeedback]) -> None:
        """Publish what clinicians say."""
        publish(self._settings, [word.model_dump_json().encode() for word in words])

    def words_kept(self, wanted: int) -> int:
        """Return how many words the buffer has taken, once they are `wanted`, or have been waited for."""
        give_up_s = time.monotonic() + _WORDS_TIMEOUT_S
        while (kept := self._words()) < wanted and time.monotonic() < give_up_s:
            time.sleep(_POLL_S)
        return kept

    def requests(self) -> Requests:
        """Return what the model server and the worker have counted so far."""
        served = _metrics(str(self.stack.endpoints.triton_metrics))
        status = self.stack.status()
        worker = _metrics(str(status.address("assess")) if status else "")
        return Requests(
            succeeded=round(served["nv_inference_request_success_total"]),
            failed=round(served["nv_inference_request_failure_total"]),
            worker_errors=round(worker["triage_model_errors_total"]),
        )

    def _words(self) -> int:
        return sum(asked(self._settings, RedisFeedbackBuffer.stats).counts.values())

    @property
    def _settings(self) -> BufferSettings:
        return embedded(self.stack.endpoints, BufferSettings)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **environment_of(self.stack)}


@contextmanager
def live_stack(folder: Path, version: str) -> Iterator[Live]:
    """Run a stack in `folder`, on a copy of `version` of the model alone; gone on exit."""
    models = folder / "models"
    others = tuple(
        path.name
        for path in (PROJECT_ROOT / "model_repo" / MODEL).iterdir()
        if path.name.isdigit() and path.name != version
    )
    shutil.copytree(
        PROJECT_ROOT / "model_repo" / MODEL,
        models / MODEL,
        ignore=shutil.ignore_patterns("__pycache__", *others),
    )
    config = stack_config(folder / "stack", model_repository=models)
    with running(Stack(config.starting_within(_START_TIMEOUT_S))) as stack:
        yield Live(stack, folder)


def _metrics(address: str) -> Counter[str]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=_HTTP_TIMEOUT_S) as answer:
        return counted(answer.read().decode())


def counted(metrics: str) -> Counter[str]:
    """Return the sum over all labels of each metric in Prometheus' text; the parser ends every counter in `_total`."""
    sums: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            sums[sample.name] += sample.value  # type: ignore[assignment]  # a Counter of floats is one
    return sums
