"""Faults of the network, by Toxiproxy: between this machine and a container behind it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.request import Request, urlopen

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from ops.local.ports import LOOPBACK, choose_ports
from tests.integration.containers import container
from tests.integration.stack_choice import TOXIPROXY_IMAGE

__all__ = ["SHORTEST_LATENCY_MS", "Proxy", "toxiproxy"]

SHORTEST_LATENCY_MS, LONGEST_LATENCY_MS = 150, 350

_CONTROL_PORT = 8474
_REQUEST_TIMEOUT_S = 10.0
_until_it_answers = Retrying(
    retry=retry_if_exception_type(OSError), wait=wait_fixed(0.1), stop=stop_after_delay(30), reraise=True
)


class Proxy:
    """The way to one container. Each fault lasts as long as its block, on open connections and on new ones."""

    def __init__(self, control: str, name: str) -> None:
        self._url = f"{control}/proxies/{name}"

    @contextmanager
    def latency(self) -> Iterator[None]:
        """Everything takes SHORTEST_LATENCY_MS to LONGEST_LATENCY_MS, either way."""
        middle_ms = (SHORTEST_LATENCY_MS + LONGEST_LATENCY_MS) // 2
        with self._toxic("latency", latency=middle_ms, jitter=LONGEST_LATENCY_MS - middle_ms):
            yield

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Connections are reset, and new ones refused."""
        _call("POST", self._url, {"enabled": False})
        try:
            yield
        finally:
            _call("POST", self._url, {"enabled": True})

    @contextmanager
    def half_open(self) -> Iterator[None]:
        """Connections stay, new ones are accepted, and every byte is dropped."""
        with self._toxic("timeout", timeout=0):
            yield

    @contextmanager
    def _toxic(self, kind: str, **attributes: int) -> Iterator[None]:
        with ExitStack() as added:
            for stream in ("upstream", "downstream"):
                document = {"name": stream, "type": kind, "stream": stream, "attributes": attributes}
                _call("POST", f"{self._url}/toxics", document)
                added.callback(_call, "DELETE", f"{self._url}/toxics/{stream}")
            yield


@contextmanager
def toxiproxy(network: Network, ways: Mapping[str, tuple[int, int]]) -> Iterator[dict[str, Proxy]]:
    """Run proxies to containers in `network`: alias -> (port of the container, port of this machine)."""
    control_port = choose_ports(["control"], {})["control"]
    ports = {_CONTROL_PORT: control_port, **dict(ways.values())}
    proxies: DockerContainer = container(TOXIPROXY_IMAGE, "toxiproxy", ports, network)
    control = f"{LOOPBACK}:{control_port}"
    with proxies:
        # Not HttpWaitStrategy: where the tests run in a container it asks the bridge, not the loopback interface.
        _until_it_answers(_call, "GET", f"{control}/version")
        for name, (port, _) in ways.items():
            document = {"name": name, "listen": f"0.0.0.0:{port}", "upstream": f"{name}:{port}"}
            _call("POST", f"{control}/proxies", document)
        yield {name: Proxy(control, name) for name in ways}


def _call(method: str, url: str, document: dict[str, Any] | None = None) -> None:
    body = None if document is None else json.dumps(document).encode()
    with urlopen(Request(f"http://{url}", body, method=method), timeout=_REQUEST_TIMEOUT_S):
        pass
