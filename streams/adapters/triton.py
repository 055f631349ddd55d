"""The model server: Triton over gRPC, one explicit model version, every request with a deadline."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferInput, InferRequestedOutput
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from streams.errors import ModelFault, ModelRefused, Unavailable
from streams.metrics import MODEL_ERRORS, MODEL_SECONDS, MODEL_WINDOWS
from streams.ports import ModelAnswer, Priority
from streams.text import EncodedWindow

__all__ = ["OUTPUTS", "TritonModel"]

SERVICE = "model"
OUTPUTS = (
    "diagnosis_logits",
    "urgency_logits",
    "diagnosis_attribution",
    "urgency_attribution",
    "embedding",
)
_PRIORITY_LEVEL = {Priority.EXPRESS: 1, Priority.STANDARD: 2, Priority.SHADOW: 3}
_FAULTS = {
    "StatusCode.INTERNAL": ModelFault,
    "StatusCode.UNKNOWN": ModelFault,
    "StatusCode.INVALID_ARGUMENT": ModelRefused,
}
_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 250),
)


class TritonModel:
    """Asks `name` in `version`. Implements `streams.ports.ModelServer`."""

    def __init__(self, address: str, *, name: str, version: str, timeout_s: float, tls: bool = False) -> None:
        self._name = name
        self._version = version
        self._timeout_s = timeout_s
        self._address = address
        self._tls = tls
        self._reloading: asyncio.Task[None] | None = None
        self._outputs = [InferRequestedOutput(output) for output in OUTPUTS]

    @cached_property
    def _client(self) -> Any:
        """Made at the first use: a channel belongs to the event loop in which it is made, and the app has none yet."""
        return InferenceServerClient(self._address, ssl=self._tls, channel_args=list(_KEEPALIVE))

    async def infer(self, windows: Sequence[EncodedWindow], priority: Priority) -> list[ModelAnswer]:
        """Answer each window. The server runs one sequence at a time: batch mates don't change an answer.

        Raises Unavailable (down, not loaded, deadline exceeded, queue full), ModelRefused or ModelFault.
        """
        began_s = monotonic()
        try:
            result = await self._client.infer(
                self._name,
                _inputs(windows),
                model_version=self._version,
                outputs=self._outputs,
                priority=_PRIORITY_LEVEL[priority],
                # us in the server's queue, after which nobody waits for it any more
                timeout=int(self._timeout_s * 1e6),
                parameters={"urgent": priority is Priority.EXPRESS},
                client_timeout=self._timeout_s,
            )
        except InferenceServerException as exc:
            error = _typed(exc)
            MODEL_ERRORS.labels(type(error).__name__).inc()
            raise error from None  # its message may quote the request
        MODEL_SECONDS.labels(priority).observe(monotonic() - began_s)
        MODEL_WINDOWS.labels(priority).observe(len(windows))
        return _answers(windows, {output: result.as_numpy(output) for output in OUTPUTS})

    async def ready(self) -> bool:
        """Can this version be asked now?"""
        try:
            return bool(
                await self._client.is_model_ready(self._name, self._version, client_timeout=self._timeout_s)
            )
        except InferenceServerException:
            return False

    async def reload(self) -> None:
        """See `streams.ports.ModelServer`. Unloads first: Triton ignores a load that changes no file.

        Goes on where the caller is cancelled: between the two calls nobody has a model.
        """
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload())
        await asyncio.shield(self._reloading)

    async def _reload(self) -> None:
        try:
            await self._client.unload_model(self._name, client_timeout=self._timeout_s)
            await self._client.load_model(self._name, client_timeout=self._timeout_s)
        except InferenceServerException as exc:
            raise Unavailable(SERVICE) from exc

    async def close(self) -> None:
        """Close the channel."""
        await self._client.close()


def _typed(exc: InferenceServerException) -> Unavailable | ModelFault:
    """Triton reports a full queue and an expired request as UNAVAILABLE too: all of these pass with time."""
    status = str(exc.status())
    fault = _FAULTS.get(status)
    return fault(status) if fault else Unavailable(SERVICE)


def _inputs(windows: Sequence[EncodedWindow]) -> list[Any]:
    width = max(len(window.input_ids) for window in windows)
    ids = np.zeros((len(windows), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window.input_ids)] = window.input_ids
        mask[row, : len(window.input_ids)] = 1
    vitals = np.stack([window.vitals for window in windows])
    return [
        _input("input_ids", ids, "INT64"),
        _input("attention_mask", mask, "INT64"),
        _input("vitals", vitals, "FP32"),
    ]


def _input(name: str, values: NDArray[Any], dtype: str) -> Any:
    tensor = InferInput(name, list(values.shape), dtype)
    tensor.set_data_from_numpy(values)
    return tensor


def _answers(windows: Sequence[EncodedWindow], outputs: dict[str, NDArray[np.float32]]) -> list[ModelAnswer]:
    """Cut the padding off again. A server that answers with empty tensors is at fault, not the message."""
    if any(values is None or values.shape[0] != len(windows) for values in outputs.values()):
        raise ModelFault("incomplete answer")
    answers = []
    for row, window in enumerate(windows):
        tokens, fields = len(window.input_ids), len(window.vitals)
        urgency = outputs["urgency_attribution"][row]
        answers.append(
            ModelAnswer(
                diagnosis_logits=outputs["diagnosis_logits"][row],
                urgency_logits=outputs["urgency_logits"][row],
                diagnosis_attribution=outputs["diagnosis_attribution"][row][:tokens],
                urgency_attribution=urgency[:tokens],
                vitals_attribution=urgency[len(urgency) - fields :],
                embedding=outputs["embedding"][row],
            )
        )
    return answers
