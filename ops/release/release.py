"""The steps of a release, each safe to take again: what is done already is seen and left as it is.

The live version changes by one record on triage.models.v1. Everything before it prepares, everything after it follows;
so whoever dies wherever leaves one live version, whose files are in place and which the model server has ready.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import KafkaException, Producer

from ops.quiet_kafka import quiet
from ops.release.errors import LostRace, NotReleasable, ServerRefused
from ops.release.evidence import Permission
from ops.release.repository import ModelVersions
from ops.release.server import ModelServerControl
from schemas import LifecycleStep, ModelLifecycle, ShadowSummary
from schemas import Producer as Service
from streams.adapters.model_bundle import content_sha256
from streams.adapters.model_log import ModelLog, RecordedStep
from streams.domain.live_model import LiveModel, counts, fold
from streams.errors import VersionUnusable
from streams.kafka_security import librdkafka_config
from streams.settings import ModelServerSettings
from streams.topics import MODELS
from streams.version import VERSION

__all__ = ["Author", "Release", "open_release"]

_DELIVERY_TIMEOUT_S, _FLUSH_TIMEOUT_S = 9.0, 10.0
"""In this order: nothing is under way any more when a failure is told. Where its acknowledgement alone was lost, the
step stands: `triage models history` says."""
_SERVICE = "models"


@dataclass(frozen=True, slots=True)
class Author:
    """Who takes a step (a pseudonym), and why."""

    by: str
    reason: str


def _silent(_: str) -> None:
    return


@dataclass(slots=True)
class Release:
    """One model's releases. `told` hears of each thing that was done, right after it was."""

    versions: ModelVersions
    server: ModelServerControl
    log: ModelLog
    producer: Producer
    default_version: str
    told: Callable[[str], None] = _silent

    def numbered(self, version: str) -> str:
        """Return the number of a version that is named by it, or as model/number. Raises NotReleasable."""
        model, _, number = version.rpartition("/")
        if model not in ("", self.versions.name):
            raise NotReleasable(f"{version} is not of the model that is released here, {self.versions.name}")
        return number

    def steps(self) -> list[RecordedStep]:
        """Every step so far. Raises Unavailable."""
        return self.log.steps()

    def state(self) -> LiveModel:
        """What they come to."""
        return fold(step for _, step in self.log.told())

    def live_version(self, state: LiveModel | None = None) -> str:
        """The version that decides. Raises NotReleasable where only a newer release can say."""
        state = state or self.state()
        if state.unreadable is not None:
            raise NotReleasable(
                f"a newer release wrote change {state.unreadable} of the live version: use that one"
            )
        return state.version or self.default_version

    def install(self, source: Path, author: Author) -> str:
        """Return the version that `source` has become, loaded and ready, but not live. Raises ReleaseRefused."""
        with self.versions.locked():
            state = self.state()
            self.versions.clear_staging()
            version = self.versions.same_as(source, self.told)
            if version is None:
                version = self._take_in(source, state)
            self._load(version)
            digest = self._digest(version)
            if version in state.retired or not self._is_installed(version, digest):
                self._write(LifecycleStep.INSTALLED, version, digest, author)
                self.told("recorded")
            return version

    def _load(self, version: str) -> None:
        try:
            self.server.take_over(version)
        except ServerRefused as refused:
            # it would stand in the way of whatever is loaded next
            raise ServerRefused(f"{refused}; `triage models retire {version}` takes it away again") from None
        self.told("loaded")

    def _take_in(self, source: Path, state: LiveModel) -> str:
        live = self.live_version(state)
        if state.change is not None and self._digest(live) != state.change.content_sha256:
            raise NotReleasable(f"the files of version {live}, whose code it would take, have changed since")
        staged = self.versions.stage(source, str(self.versions.next_number()), live)
        self.told("copied")
        version = self.versions.publish(staged).name
        self.told("published")
        return version

    def promote(self, version: str, author: Author, permission: Callable[[Path, Path], Permission]) -> None:
        """Make `version` live. `permission` looks at its folder and the live one's. Raises ReleaseRefused."""
        state = self.state()
        live = self.live_version(state)
        if version == live:
            return
        digest = self._usable(version, state)
        if not self._is_installed(version, digest):
            raise NotReleasable(f"version {version} is not installed, or its files have changed since")
        granted = permission(self.versions.path(version), self.versions.path(live))
        self.told("checked")
        self._have_ready(version)
        self._change(
            LifecycleStep.PROMOTED,
            version,
            digest,
            author,
            state,
            gate_report_sha256=granted.gate_report_sha256,
            without_gate=granted.without_gate,
        )

    def roll_back(self, author: Author, *, to: str | None = None, after: ModelLifecycle | None = None) -> str:
        """Return to the version before the live one, or to `to`; what is live then. Raises ReleaseRefused.

        Taken again, it changes nothing: only a promotion can be rolled back. `after`: roll back this promotion and no
        later one.
        """
        state = self.state()
        if after is not None and state.change != after:
            raise LostRace(f"another change came first: version {self.live_version(state)} is live")
        live = self.live_version(state)
        is_done = state.change is not None and state.change.step is LifecycleStep.ROLLED_BACK
        if to == live or (to is None and is_done):
            return live
        target = to or (state.change.previous_version if state.change else None)
        if target is None:
            raise NotReleasable(f"version {live} was never promoted: there is none before it")
        digest = self._usable(target, state)
        if digest not in self._known_digests(target):
            raise NotReleasable(f"the files of version {target} are not those that served")
        self._have_ready(target)
        self._change(LifecycleStep.ROLLED_BACK, target, digest, author, state)
        return target

    def retire(self, version: str, author: Author) -> None:
        """Take a version out of service; its files are kept aside. Raises ReleaseRefused.

        The record comes first: from there on the version cannot become live, or it was in use before and stays.
        """
        with self.versions.locked():
            state = self.state()
            if reason := self._in_use(version, state):
                raise NotReleasable(reason)
            digest = self._digest_in(self.versions.find(version), version)
            if version not in state.retired:
                self._write(LifecycleStep.RETIRED, version, digest, author)
                self.told("recorded")
                if version not in self.state().retired:
                    raise LostRace(f"version {version} came into use meanwhile")
            self.versions.withdraw(version)
            self.told("withdrawn")
            self.server.forget_what_is_gone()

    def _in_use(self, version: str, state: LiveModel) -> str:
        """Why a version cannot be retired now; empty where it can."""
        live = self.live_version(state)
        role = state.role(version, live)
        if role == "live":
            return f"version {version} is live"
        if role == "shadow":
            return f"version {version} answers in the shadow: end that first"
        if role == "previous":
            return f"version {version} was live before version {live}: it is kept as the way back until the next change"
        return ""

    def begin_shadow(self, version: str, author: Author, share: float) -> str:
        """Let a version answer a share of the live messages; the id of the step. Raises ReleaseRefused."""
        digest = self._usable(version, self.state())
        step = self._write(LifecycleStep.SHADOWING, version, digest, author, shadow_share=share)
        candidate = self.state().candidate
        if candidate is None or candidate.since != str(step.event_id):
            raise LostRace(f"version {version} does not answer in the shadow: another step came first")
        return candidate.since

    def end_shadow(self, version: str, author: Author, summary: ShadowSummary) -> None:
        """Record what came of it."""
        self._write(LifecycleStep.SHADOWED, version, self._digest(version), author, shadow=summary)

    def _change(
        self,
        step: LifecycleStep,
        version: str,
        digest: str,
        author: Author,
        state: LiveModel,
        **fields: Any,
    ) -> None:
        previous = self.live_version(state)
        written = self._write(
            step,
            version,
            digest,
            author,
            change=state.next_change,
            after_change=state.spent,
            previous_version=previous,
            # what was released, not what lies there now: a file changed on disk does not become a known one
            previous_sha256=(
                state.change.content_sha256 if state.change is not None else self._digest(previous)
            ),
            **fields,
        )
        self.told("recorded")
        told = [step for _, step in self.log.told()]
        if not counts(told, written.event_id):
            raise LostRace(f"another change came first: version {self.live_version(fold(told))} is live")

    def _write(
        self, step: LifecycleStep, version: str, digest: str, author: Author, **fields: Any
    ) -> ModelLifecycle:
        """Produce one step and wait until the brokers have it. Raises KafkaException."""
        event = ModelLifecycle(
            event_id=uuid4(),
            model_name=self.versions.name,
            step=step,
            version=version,
            content_sha256=digest,
            by=author.by,
            reason=author.reason,
            occurred_at=datetime.now(UTC),
            produced_by=Service(service=_SERVICE, version=VERSION),
            **fields,
        )
        failures: list[str] = []
        self.producer.produce(
            MODELS.name,
            event.model_dump_json().encode(),
            key=f"{event.model_name}/{event.event_id}".encode(),
            on_delivery=lambda error, _: failures.append(error.name()) if error else None,
        )
        if self.producer.flush(_FLUSH_TIMEOUT_S) or failures:
            raise KafkaException(f"the step was not delivered: {', '.join(failures) or 'timed out'}")
        return event

    def _have_ready(self, version: str) -> None:
        if not self.server.serves(version):
            self.server.take_over(version)
        self.told("ready")

    def _usable(self, version: str, state: LiveModel) -> str:
        """Return the digest of a version that may become live. Raises NotReleasable."""
        digest = self._digest(version)
        if version in state.retired:
            raise NotReleasable(f"version {version} is retired: install it again")
        return digest

    def _digest(self, version: str) -> str:
        return self._digest_in(self.versions.path(version), version)

    def _digest_in(self, folder: Path | None, version: str) -> str:
        try:
            if folder is not None:
                return content_sha256(folder)
        except VersionUnusable:
            pass
        raise NotReleasable(f"there are no files of version {version} in {self.versions.folder}")

    def _is_installed(self, version: str, digest: str) -> bool:
        return self._has(LifecycleStep.INSTALLED, version, digest) or digest in self._known_digests(version)

    def _has(self, step: LifecycleStep, version: str, digest: str) -> bool:
        wanted = (step, version, digest)
        return any((s.step.step, s.step.version, s.step.content_sha256) == wanted for s in self.steps())

    def _known_digests(self, version: str) -> set[str]:
        """Digests under which a version was live."""
        changes = [recorded.step for recorded in self.steps() if recorded.step.change is not None]
        lived = {step.content_sha256 for step in changes if step.version == version}
        return lived | {step.previous_sha256 or "" for step in changes if step.previous_version == version}


def open_release(settings: ModelServerSettings, told: Callable[[str], None] = _silent) -> Release:
    """Build what the steps need."""
    return Release(
        versions=ModelVersions(settings.model_repository / settings.model_name),
        server=ModelServerControl(settings.triton_address, settings.model_name, tls=settings.triton_tls),
        log=ModelLog(quiet(librdkafka_config(settings)), settings.model_name),
        producer=Producer(
            {
                **quiet(librdkafka_config(settings)),
                "enable.idempotence": True,
                "linger.ms": 0,
                "delivery.timeout.ms": int(_DELIVERY_TIMEOUT_S * 1000),
            }
        ),
        default_version=settings.model_version,
        told=told,
    )
