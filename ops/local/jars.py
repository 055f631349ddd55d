"""Kafka's jars: pinned by `kafka_jars.lock`, kept in the cache as a Maven repository.

The lock lists what jgo resolves for org.apache.kafka:kafka_2.13 plus log4j-slf4j-impl, without which the
broker logs nothing. Resolving again on every machine costs 18 s of CPU and trusts whatever is found that day.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KAFKA_VERSION", "PinnedJar", "classpath", "read_lock", "repository"]

KAFKA_VERSION = "4.1.0"
_LOCK = Path(__file__).with_name("kafka_jars.lock")


@dataclass(frozen=True, slots=True)
class PinnedJar:
    """A jar by its Maven coordinate and the SHA-256 of its content."""

    group: str
    artifact: str
    version: str
    sha256: str

    def path(self, repository: Path) -> Path:
        """Where a Maven repository at this folder holds the jar."""
        name = f"{self.artifact}-{self.version}.jar"
        return repository.joinpath(*self.group.split("."), self.artifact, self.version, name)

    def is_intact(self, repository: Path) -> bool:
        path = self.path(repository)
        return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def read_lock(lock: Path = _LOCK) -> tuple[PinnedJar, ...]:
    """The pinned jars: lines of `group:artifact:version sha256:digest`."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return tuple(_parse(*line.split()) for line in lines if not line.startswith("#"))


def _parse(coordinate: str, digest: str) -> PinnedJar:
    group, artifact, version = coordinate.split(":")
    return PinnedJar(group, artifact, version, digest.removeprefix("sha256:"))


def repository(cache_dir: Path) -> Path:
    """The Maven repository inside the cache."""
    return cache_dir / "maven"


def classpath(cache_dir: Path) -> str:
    """Java's class path of the prepared jars."""
    return ":".join(str(jar.path(repository(cache_dir))) for jar in read_lock())
