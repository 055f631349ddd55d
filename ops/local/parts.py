"""What the supervisor asks of a part, whatever it is."""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping

from ops.local.errors import NotReady
from ops.local.ports import LOOPBACK

__all__ = ["Part", "base_environment", "exchange", "http_get"]

_PROBE_TIMEOUT_S = 5.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


def base_environment() -> dict[str, str]:
    """What a server gets of our environment: not the keys and passwords that may be in it."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"ORT_DISABLE_TELEMETRY": "1", **passed_on}  # ONNX Runtime's builds tell Microsoft of their use


class Part(ABC):
    """One program of the stack. The supervisor starts it once everything in `needs` is ready."""

    name: str
    address: str | None = None
    needs: frozenset[str] = frozenset()
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 10.0
    liveness_interval_s: float = 2.0
    failures_until_restart: int = 3

    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The program's whole environment, without the stack's marker."""

    async def before_start(self) -> None:  # noqa: B027  # most parts need nothing more
        """Make what the program needs; runs before every start, when nothing of the last one lives."""

    @abstractmethod
    async def check_ready(self, pid: int) -> None:
        """Raises NotReady until the program can serve."""

    async def check_alive(self, pid: int) -> None:
        """Raises NotReady when a program that was ready no longer serves."""
        await self.check_ready(pid)

    async def after_first_ready(self) -> None:  # noqa: B027  # most parts need nothing more
        """Runs once a stack, before what needs this part starts. Raises StackError; NotReady: start again."""


async def http_get(port: int, path: str, method: str = "GET") -> bytes:
    """Body of a 200 answer of a server on the loopback interface. Raises NotReady for everything else."""
    request = f"{method} {path} HTTP/1.0\r\nHost: {LOOPBACK}\r\nContent-Length: 0\r\n\r\n"
    answer = await exchange(port, request.encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n")[0].split(b" ")
    if len(status) < 2 or status[1] != b"200":
        raise NotReady(f"{path}: {status[1].decode() if len(status) > 1 else 'no HTTP answer'}")
    return body


async def exchange(port: int, request: bytes) -> bytes:
    """Send bytes to a loopback port; what comes back until the server closes. Raises NotReady."""
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(request)
                await writer.drain()
                return await reader.read()
            finally:
                writer.close()
    except OSError as error:  # TimeoutError is one of them
        raise NotReady(f"port {port}: {type(error).__name__}") from error
