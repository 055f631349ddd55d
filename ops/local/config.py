"""What a stack is made of. Serializable: the supervisor, a process of its own, reads it as JSON."""

import os
from pathlib import Path
from typing import Literal, Self

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "External",
    "FileReady",
    "HttpReady",
    "KafkaListener",
    "PartSpec",
    "Server",
    "StackConfig",
    "TopicSpec",
    "default_cache_dir",
    "default_data_dir",
]

Server = Literal["kafka", "redis", "triton"]


def default_data_dir() -> Path:
    """`$TRIAGE_DATA_DIR`, or `.triage` in the working directory."""
    return Path(os.environ.get("TRIAGE_DATA_DIR") or ".triage").absolute()


def default_cache_dir() -> Path:
    """Where downloads are kept between stacks."""
    return Path(platformdirs.user_cache_dir("triage"))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TopicSpec(_Frozen):
    """A topic to create; `config` holds topic settings by Kafka's names, such as `retention.ms`."""

    name: str
    partitions: int = Field(ge=1)
    config: dict[str, str] = {}


class KafkaListener(_Frozen):
    """A second listener of the broker, for whom TLS and SASL must be real; ours keeps its plaintext one.

    `settings` are Kafka's for this listener (`ssl.keystore.location`, `sasl.enabled.mechanisms`, ...).
    """

    protocol: Literal["SSL", "SASL_SSL"]
    settings: dict[str, str] = Field(repr=False)


class HttpReady(_Frozen):
    """Ready when GET `path` on the worker's own `${port}` answers 200; alive as long as `alive_path` does.

    What waits for another part is not ready, but a restart would not help it.
    """

    kind: Literal["http"] = "http"
    path: str = "/health/ready"
    alive_path: str = "/health/live"


class FileReady(_Frozen):
    """Ready when the worker has made the file `${ready_file}`, which is removed before every start."""

    kind: Literal["file"] = "file"


class External(_Frozen):
    """Servers that the workers use and somebody else runs; nothing here starts or watches them.

    `kafka` is the host:port of a broker that has its topics, `redis_url` holds the password. A worker knows
    them by these names, as it knows the stack's own.
    """

    kafka: str | None = None
    redis_url: str | None = Field(default=None, repr=False)

    @property
    def names(self) -> frozenset[Server]:
        """Which servers these are, as a worker's `needs` calls them."""
        given: dict[Server, str | None] = {"kafka": self.kafka, "redis": self.redis_url}
        return frozenset(server for server, address in given.items() if address is not None)


class PartSpec(_Frozen):
    """A worker that the stack keeps alive.

    `command` and the values of `env` may name what only the running stack knows: ${kafka}, ${redis}
    (host:port; not of an external one), ${redis_url} (with its password), ${triton_grpc}, ${triton_http},
    ${triton_metrics}, ${data_dir}, ${port} (free for this worker to listen on) and ${ready_file}. `env` is
    added to the supervisor's environment.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    command: tuple[str, ...] = Field(min_length=1)
    env: dict[str, str] = Field(default={}, repr=False)
    needs: tuple[str, ...] = ("kafka", "redis", "triton")
    ready: HttpReady | FileReady = Field(discriminator="kind")
    start_timeout_s: float = 30.0
    stop_timeout_s: float = 10.0


class StackConfig(_Frozen):
    """One stack: its servers, topics and workers. Paths are absolute after validation."""

    data_dir: Path = Field(default_factory=default_data_dir)
    cache_dir: Path = Field(default_factory=default_cache_dir)
    servers: frozenset[Server] = frozenset({"kafka", "redis", "triton"})
    external: External = External()
    topics: tuple[TopicSpec, ...] = ()
    workers: tuple[PartSpec, ...] = ()
    model_repository: Path = Path("model_repo")
    models: tuple[str, ...] = ("triage_bert",)
    self_test_model: str | None = "triage_bert"
    kafka_heap_mib: int = Field(default=512, ge=128)
    kafka_listener: KafkaListener | None = None
    start_timeout_s: float = 90.0

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in ("data_dir", "cache_dir", "model_repository"):
            object.__setattr__(self, name, getattr(self, name).absolute())
        names = [worker.name for worker in self.workers]
        known = {*self.servers, *self.external.names, *names}
        if len(known) < len(self.servers) + len(self.external.names) + len(names):
            raise ValueError("two parts have the same name")
        for worker in self.workers:
            unknown = set(worker.needs) - known
            if unknown:
                raise ValueError(f"{worker.name} needs unknown parts: {', '.join(sorted(unknown))}")
        if self.topics and "kafka" not in self.servers:
            raise ValueError("topics without kafka")
        return self

    def starting_within(self, timeout_s: float) -> Self:
        """Return the same stack, each part of which may take so long to start."""
        workers = tuple(worker.model_copy(update={"start_timeout_s": timeout_s}) for worker in self.workers)
        return self.model_copy(update={"workers": workers, "start_timeout_s": timeout_s})
