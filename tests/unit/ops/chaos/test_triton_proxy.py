"""The proxy hands calls on, and fails them when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # the same
import pytest

from ops.chaos.triton_proxy import HEALTHY, Behaviour, Proxy, set_behaviour

_SERVICE = "inference.GRPCInferenceService"


async def _answer(request: bytes, context: Any) -> bytes:
    if request == b"refuse":
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "refused")
    return b"answer to " + request


@asynccontextmanager
async def _server(handlers: list[Any]) -> AsyncIterator[str]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(grace=None)


@asynccontextmanager
async def _proxied() -> AsyncIterator[tuple[str, Any]]:
    """Yield the proxy's address, and a function that asks for inference through it."""
    methods = {"ModelInfer": grpc.unary_unary_rpc_method_handler(_answer)}
    upstream_handlers = [grpc.method_handlers_generic_handler(_SERVICE, methods)]
    async with (
        _server(upstream_handlers) as upstream,
        _server(Proxy(upstream).handlers()) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield address, channel.unary_unary(f"/{_SERVICE}/ModelInfer")


async def test_a_healthy_proxy_hands_on_requests_answers_and_errors() -> None:
    async with _proxied() as (_, infer):
        assert await infer(b"x", timeout=5) == b"answer to x"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await infer(b"refuse", timeout=5)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL"])
async def test_it_fails_requests_with_a_status_until_it_is_told_otherwise(status: str) -> None:
    async with _proxied() as (address, infer):
        await asyncio.to_thread(set_behaviour, address, Behaviour(status=status))
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await infer(b"x", timeout=5)
        assert failed.value.code() is grpc.StatusCode[status]
        await asyncio.to_thread(set_behaviour, address, HEALTHY)
        assert await infer(b"x", timeout=5) == b"answer to x"


async def test_a_delayed_request_runs_into_its_deadline() -> None:
    async with _proxied() as (address, infer):
        await asyncio.to_thread(set_behaviour, address, Behaviour(delay_s=60.0))
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await infer(b"x", timeout=0.2)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
