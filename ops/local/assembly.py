"""Makes the parts of a stack from its configuration: the one place that knows them all."""

from collections.abc import Mapping

from ops.local.config import External, PartSpec, StackConfig
from ops.local.jars import classpath
from ops.local.kafka import Kafka
from ops.local.layout import Layout
from ops.local.parts import Part
from ops.local.ports import LOOPBACK
from ops.local.redis import Redis, find_redis_server, redis_url
from ops.local.triton import Triton
from ops.local.triton_files import locate_triton
from ops.local.worker import Worker

__all__ = ["build_parts", "port_names"]

_SERVER_PORTS = {
    "kafka": ("kafka", "kafka_controller"),
    "redis": ("redis",),
    "triton": ("triton_http", "triton_grpc", "triton_metrics"),
}


def port_names(config: StackConfig) -> list[str]:
    """The ports that the stack listens on, by name; a worker's has the worker's name."""
    servers = [name for server in sorted(config.servers) for name in _SERVER_PORTS[server]]
    secure = ["kafka_secure"] if config.kafka_listener else []
    return [*servers, *secure, *(worker.name for worker in config.workers)]


def build_parts(config: StackConfig, layout: Layout, ports: Mapping[str, int]) -> list[Part]:
    """The parts, servers first. Raises PreparationFailed where a binary is missing."""
    parts: list[Part] = []
    if "kafka" in config.servers:
        parts.append(_kafka(config, layout, ports))
    if "redis" in config.servers:
        parts.append(Redis(layout, ports["redis"], find_redis_server()))
    if "triton" in config.servers:
        parts.append(_triton(config, layout, ports))
    facts = _facts(config, layout, ports)
    workers = [_wait_for_ours(spec, config.external) for spec in config.workers]
    return [*parts, *(Worker(spec, ports[spec.name], layout.run, facts) for spec in workers)]


def _kafka(config: StackConfig, layout: Layout, ports: Mapping[str, int]) -> Kafka:
    return Kafka(
        layout,
        ports["kafka"],
        ports["kafka_controller"],
        classpath(config.cache_dir),
        config.topics,
        config.kafka_heap_mib,
        (ports["kafka_secure"], config.kafka_listener) if config.kafka_listener else None,
    )


def _triton(config: StackConfig, layout: Layout, ports: Mapping[str, int]) -> Triton:
    return Triton(
        locate_triton(config.cache_dir),
        layout.stack_id,
        {name: ports[f"triton_{name}"] for name in ("http", "grpc", "metrics")},
        config.model_repository,
        config.models,
        config.self_test_model,
    )


def _wait_for_ours(spec: PartSpec, external: External) -> PartSpec:
    """What others run has to be there when the stack starts."""
    return spec.model_copy(update={"needs": tuple(set(spec.needs) - external.names)})


def _facts(config: StackConfig, layout: Layout, ports: Mapping[str, int]) -> dict[str, str]:
    """What a worker's command and environment may name."""
    server_ports = [name for name in port_names(config) if name in ports]
    facts = {name: f"{LOOPBACK}:{ports[name]}" for name in server_ports}
    if "redis" in config.servers:
        facts["redis_url"] = redis_url(layout, facts["redis"])
    return {**facts, **config.external.model_dump(exclude_none=True), "data_dir": str(layout.data_dir)}
