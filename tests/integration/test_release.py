"""Install, promote and roll back on a live stack: no request fails, and a crash leaves one version that decides."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException
from typer.testing import CliRunner

from ops.cli.connection import environment_of
from ops.cli.demo import patient_message
from ops.cli.kafka import Follower, Sender
from ops.cli.main import app
from ops.cli.play import Playback
from ops.cli.stack import PROJECT_ROOT, stack_config
from ops.local.blocking import running
from ops.local.selftest import _ask, _batch
from ops.local.stack import Stack
from ops.release.errors import NotReleasable
from ops.release.evidence import Permission
from ops.release.explain import decisions_about, facts_of
from ops.release.regression import Limits
from ops.release.release import Author, Release, open_release
from ops.release.shadowing import Extent, shadow
from ops.release.watch import watch
from streams.adapters.kafka_reader import KafkaReader
from streams.adapters.redis_shadow import RedisShadowTally
from streams.settings import ModelServerSettings
from trainer.corpus import generate

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

AUTHOR = Author("c-test", "test")
DECIDED_LIMIT_S = 150.0
ROLLBACK_LIMIT_S = 5.0
PAUSE_S = 0.2
ASK_EVERY_S = 0.05
WAIT_S = 240.0
START_TIMEOUT_S = 600.0
MODEL = "triage_bert"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("release")


@pytest.fixture(scope="module")
def candidate(folder: Path) -> Path:
    """The first version, but for its threshold: it withholds every diagnosis."""
    copied = folder / "candidate" / MODEL / "1"
    shutil.copytree(PROJECT_ROOT / "model_repo" / MODEL / "1", copied)
    bundle = json.loads((copied / "bundle.json").read_text())
    bundle["thresholds"]["diagnosis_abstain_below"] = 1.0
    (copied / "bundle.json").write_text(json.dumps(bundle))
    return copied


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    """A stack on a model repository of its own."""
    models = folder / "models"
    shutil.copytree(
        PROJECT_ROOT / "model_repo" / MODEL,
        models / MODEL,
        ignore=shutil.ignore_patterns("__pycache__", "[2-9]"),
    )
    config = stack_config(folder / "stack", model_repository=models).starting_within(START_TIMEOUT_S)
    without_learn = tuple(worker for worker in config.workers if worker.name != "learn")
    with running(Stack(config.model_copy(update={"workers": without_learn}))) as stack:
        yield stack


@pytest.fixture(scope="module")
def deployment(stack: Stack) -> dict[str, str]:
    """What a command finds in its environment."""
    return environment_of(stack)


@pytest.fixture
def release(deployment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Release]:
    for name, value in deployment.items():
        monkeypatch.setenv(name, value)
    release = open_release(ModelServerSettings())
    yield release
    release.log.close()


@pytest.fixture
def playback(stack: Stack) -> Iterator[Playback]:
    kafka = {"bootstrap.servers": str(stack.endpoints.kafka)}
    follower = Follower(kafka, from_start=False)
    yield Playback(Sender(kafka), follower, on_row=lambda _: None)
    follower.close()


class Asking(threading.Thread):
    """Asks a version of the model all the time."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._client = InferenceServerClient(address)
        self._done = threading.Event()
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        batch = _batch(12)
        while not self._done.is_set():
            try:
                _ask(self._client, MODEL, 1, batch)
                self.answered += 1
                time.sleep(ASK_EVERY_S)
            except InferenceServerException as failed:
                self.failures.append(str(failed.status()))

    def end(self) -> None:
        self._done.set()
        self.join()


def _without_gate(_candidate: Path, _live: Path) -> Permission:
    return Permission(without_gate="test")


def _payloads(name: str, count: int) -> list[bytes]:
    return [
        json.dumps(patient_message(item, f"{name}-{i}", patient=f"P{i % 20}")).encode()
        for i, item in enumerate(generate(count, seed=5))
    ]


def _decided_by(playback: Playback, version: str) -> float:
    """Send messages until one more is decided by `version`; the seconds that took."""
    began_s = time.monotonic()
    before = _count(playback, version)
    for payload in _payloads(f"until-{version}-{began_s}", 500):
        playback.play([payload], interval_s=PAUSE_S)
        if _count(playback, version) > before:
            return time.monotonic() - began_s
        assert time.monotonic() - began_s < DECIDED_LIMIT_S, f"nothing was decided by {version}"
    raise AssertionError("too few messages")


def _count(playback: Playback, version: str) -> int:
    models = [case.urgency.model for case in playback.book.cases.values() if case.urgency is not None]
    return sum(model.version == version for model in models if model is not None)


def _model_errors(stack: Stack) -> float:
    status = stack.status()
    assert status is not None
    with urllib.request.urlopen(f"http://{status.address('assess')}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("triage_model_errors_total"))


def test_under_load_no_request_fails_and_the_old_version_is_back_within_seconds(
    stack: Stack,
    release: Release,
    candidate: Path,
    playback: Playback,
    record_property: Callable[[str, object], None],
) -> None:
    """A busy machine takes long for any message: that time is not the rollback's."""
    errors_before = _model_errors(stack)
    asking = Asking(str(stack.endpoints.triton_grpc))
    asking.start()
    playback.play(_payloads("before", 10))
    version = release.install(candidate, AUTHOR)
    assert release.live_version() == "1"
    playback.play(_payloads("installed", 20))
    release.promote(version, AUTHOR, _without_gate)
    _decided_by(playback, version)
    began_s = time.monotonic()
    assert release.roll_back(AUTHOR) == "1"
    _decided_by(playback, "1")
    took_s = time.monotonic() - began_s
    summary = playback.wait(WAIT_S)
    asking.end()
    assert summary.complete
    assert summary.dead_letters.total() == 0
    assert (asking.failures, _model_errors(stack) - errors_before) == ([], 0)
    assert asking.answered > 10
    slowest_s = max(case.latency_ms or 0.0 for case in playback.book.cases.values()) / 1000
    told = f"{took_s:.2f} s from the call of rollback to a decision by it; slowest message {slowest_s:.2f} s"
    assert took_s < ROLLBACK_LIMIT_S + slowest_s, told
    record_property("rollback", told)
    by_new = [
        case.diagnosis
        for case in playback.book.cases.values()
        if case.diagnosis is not None
        and case.diagnosis.model is not None
        and case.diagnosis.model.version == "2"
    ]
    assert by_new
    assert all(diagnosis.abstained for diagnosis in by_new), "each version decides by its own thresholds"
    assert release.roll_back(AUTHOR) == "1", "a rollback that is taken again changes nothing"
    kinds = [recorded.step.step.value for recorded in release.steps()]
    assert kinds == ["installed", "promoted", "rolled_back"]


def test_a_candidate_is_compared_in_the_shadow_and_rolled_back_by_the_watch_where_it_is_worse(
    release: Release, deployment: dict[str, str], playback: Playback
) -> None:
    """It withholds every diagnosis: that shows in the shadow, and after its promotion."""
    tally = RedisShadowTally(deployment["TRIAGE_REDIS_URL"])
    loop = asyncio.new_event_loop()
    payloads = iter(_payloads("shadow", 500))

    def read(shadowing: str) -> dict[str, int]:
        playback.play([next(payloads)], interval_s=PAUSE_S)
        return loop.run_until_complete(tally.read(shadowing))

    extent = Extent(share=1.0, messages=10, limit_s=DECIDED_LIMIT_S)
    summary = shadow(release, "2", AUTHOR, extent, read, lambda _: None)
    assert summary.messages >= 10
    assert summary.unanswered == 0
    assert summary.same_level == summary.messages, "the same graph and thresholds of urgency"
    assert summary.same_label < summary.messages
    assert _count(playback, "2") == 0, "what the candidate says is never published"
    loop.run_until_complete(tally.close())
    loop.close()

    playback.play(_payloads("baseline", 15))
    playback.wait(WAIT_S)
    release.promote("2", AUTHOR, _without_gate)
    _decided_by(playback, "2")
    playback.play(_payloads("watched", 30))
    playback.wait(WAIT_S)
    reader = KafkaReader({"bootstrap.servers": deployment["TRIAGE_KAFKA_BOOTSTRAP"]})
    limits = Limits(min_decisions=10)
    verdict = watch(release, reader, limits, window_s=300.0, every_s=20.0, told=lambda _: None)
    assert verdict.rolled_back_to == "1"
    assert [finding.name for finding in verdict.findings if finding.regressed] == ["labels"]
    assert release.steps()[-1].step.by == "triage-watch"
    decided = decisions_about(reader, "watched-29", None)
    assert {each.version for each in decided} == {"2"}
    assert facts_of("2", release.steps(), release.versions).unchanged
    reader.close()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("install", ("copied", "published", "loaded", "recorded")),
        ("promote", ("checked", "ready", "recorded")),
        ("rollback", ("ready", "recorded")),
    ],
)
def test_a_crash_at_any_point_leaves_one_version_that_decides(
    stack: Stack,
    release: Release,
    candidate: Path,
    deployment: dict[str, str],
    playback: Playback,
    folder: Path,
    step: str,
    words: tuple[str, ...],
) -> None:
    """Killed after each thing it does, and then let through; what is live always has its files and is ready."""
    other = folder / "other" / MODEL / "1"
    if not other.exists():
        shutil.copytree(candidate, other)
        bundle = json.loads((other / "bundle.json").read_text())
        (other / "bundle.json").write_text(
            json.dumps({**bundle, "thresholds": {**bundle["thresholds"], "diagnosis_abstain_below": 0.99}})
        )
    subject = str(other) if step == "install" else "3"
    live = {"install": {"1"}, "promote": {"1", "3"}, "rollback": {"3", "1"}}[step]
    for word in words:
        code = _killed_after(deployment, step, subject, word)
        assert code == -signal.SIGKILL or (word == "recorded" and code == 0), word
        now = release.live_version()
        assert now in live
        assert release.server.serves(now)
    assert _killed_after(deployment, step, subject, "never") == 0
    numbers = release.versions.numbers()
    assert numbers == [1, 2, 3], "no half version, and none twice"
    _decided_by(playback, {"install": "1", "promote": "3", "rollback": "1"}[step])
    summary = playback.wait(WAIT_S)
    assert summary.complete


def _killed_after(deployment: dict[str, str], step: str, subject: str, word: str) -> int:
    command = [sys.executable, "-m", "tests.integration.release_steps", step, subject, word]
    ended = subprocess.run(
        command,
        env={**os.environ, **deployment},
        cwd=PROJECT_ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


def test_what_was_not_installed_or_changed_since_is_not_promoted(release: Release) -> None:
    with pytest.raises(NotReleasable, match="no files of version 9"):
        release.promote("9", AUTHOR, _without_gate)
    with (release.versions.path("2") / "MODEL_CARD.md").open("a") as card:
        card.write("changed")
    with pytest.raises(NotReleasable, match="changed since"):
        release.promote("2", AUTHOR, _without_gate)
    assert release.live_version() == "1"


def test_the_commands_say_what_was_live_and_what_decided(release: Release, stack: Stack) -> None:
    def told(*words: str) -> Any:
        result = CliRunner().invoke(app, ["models", *words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    history = told("history")
    assert len(history) == len(release.steps())
    first = next(step for step in history if step["step"] == "promoted")
    assert told("at", first["appended_at"])["version"] == "2"
    assert told("at", "2020-01-01T00:00:00Z") == {"version": "1", "since": None}
    explained = told("explain", "before-0")
    assert {decision["version"] for decision in explained["decisions"]} == {"1"}
    (facts,) = explained["versions"]
    assert facts["card"]["data"]
    assert facts["card"]["results"]
    refused = CliRunner().invoke(app, ["models", "promote", "2", "--without-gate", "test"])
    assert refused.exit_code == 1
    assert "changed since" in refused.output


def test_a_retirement_that_is_killed_leaves_what_is_live_and_the_next_one_ends_it(
    release: Release, deployment: dict[str, str]
) -> None:
    for word in ("recorded", "withdrawn"):
        assert _killed_after(deployment, "retire", "2", word) == -signal.SIGKILL, word
        assert release.state().retired == {"2"}
        assert release.live_version() == "1"
        assert release.server.serves("1")
    assert _killed_after(deployment, "retire", "2", "never") == 0
    assert release.versions.numbers() == [1, 3]
    assert not release.server.serves("2")
    assert [each.step.step.value for each in release.steps()].count("retired") == 1
