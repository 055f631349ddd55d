"""Stands between the workers and Triton, and can be told to answer late or with errors.

    python -m ops.chaos.triton_proxy LISTEN UPSTREAM READY_FILE

Speaks gRPC, not bytes: a status such as INTERNAL cannot be had by cutting connections. Knows the calls that workers
make and nothing of their content.
"""

import asyncio
import json
import random
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # the same

__all__ = ["HEALTHY", "Behaviour", "set_behaviour"]

_INFERENCE = "inference.GRPCInferenceService"
_INFER = "ModelInfer"
_METHODS = (_INFER, "ModelReady", "RepositoryModelLoad", "RepositoryModelUnload")
_CONTROL = "triage.chaos.Proxy"
_SET = "Behave"
_CONTROL_TIMEOUT_S = 5.0
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # as the workers' own client: the proxy must not be what recovers slowly
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 250),
]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How inference requests are treated: delayed by `delay_s`, and `share` of them answered with `status`."""

    delay_s: float = 0.0
    status: str | None = None
    share: float = 1.0


HEALTHY = Behaviour()


def set_behaviour(address: str, behaviour: Behaviour) -> None:
    """Tell the proxy at `address` how to behave from now on. Raises grpc.RpcError."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(f"/{_CONTROL}/{_SET}")
        call(json.dumps(asdict(behaviour)).encode(), timeout=_CONTROL_TIMEOUT_S)


class Proxy:
    """Hands calls on to `upstream` as `behaviour` says."""

    def __init__(self, upstream: str) -> None:
        self.behaviour = HEALTHY
        self._channel = grpc.aio.insecure_channel(upstream, options=_OPTIONS)

    def handlers(self) -> list[Any]:
        """What a gRPC server needs to serve this proxy."""
        forwarded = {name: grpc.unary_unary_rpc_method_handler(self._forward(name)) for name in _METHODS}
        control = {_SET: grpc.unary_unary_rpc_method_handler(self._behave)}
        return [
            grpc.method_handlers_generic_handler(_INFERENCE, forwarded),
            grpc.method_handlers_generic_handler(_CONTROL, control),
        ]

    def _forward(self, method: str) -> Any:
        call = self._channel.unary_unary(f"/{_INFERENCE}/{method}")

        async def forward(request: bytes, context: Any) -> Any:
            if method == _INFER:
                await self._misbehave(context)
            try:
                return await call(request, timeout=context.time_remaining())
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")

        return forward

    async def _misbehave(self, context: Any) -> None:
        behaviour = self.behaviour
        if behaviour.delay_s:
            await asyncio.sleep(behaviour.delay_s)
        if behaviour.status is not None and random.random() < behaviour.share:
            await context.abort(grpc.StatusCode[behaviour.status], "injected")

    async def _behave(self, request: bytes, _: Any) -> bytes:
        self.behaviour = Behaviour(**json.loads(request))
        return b""


async def serve(listen: str, upstream: str, ready_file: Path) -> None:
    """Serve until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(Proxy(upstream).handlers())
    server.add_insecure_port(listen)
    await server.start()
    await asyncio.to_thread(ready_file.touch)
    await stopping.wait()
    await server.stop(grace=1.0)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
