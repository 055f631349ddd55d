"""What Triton's gRPC status means to the streams; the client is the real one, the server a few lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped] # it ships no types
import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2, service_pb2_grpc

from streams.adapters.triton import TritonModel
from streams.errors import ModelFault, ModelRefused, Unavailable
from streams.ports import Priority
from streams.text import VITALS_FIELDS
from tests.unit.streams.factories import window

SECRET = "Zyxwvut"
STATUS = grpc.StatusCode
HIDDEN = 2
LONGEST = 4


class FakeServer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc] # it is untyped
    """Answers with `status`, and with zeros where that is OK."""

    def __init__(self, status: grpc.StatusCode, *, delay_s: float = 0.0, is_empty: bool = False) -> None:
        self.status = status
        self.delay_s = delay_s
        self.is_empty = is_empty
        self.asked: list[Any] = []

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return await self._answer(request, context, service_pb2.ModelInferResponse())

    async def ModelReady(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return await self._answer(request, context, service_pb2.ModelReadyResponse(ready=True))

    async def RepositoryModelUnload(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return await self._answer(request, context, service_pb2.RepositoryModelUnloadResponse())

    async def RepositoryModelLoad(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return await self._answer(request, context, service_pb2.RepositoryModelLoadResponse())

    async def _answer(self, request: Any, context: Any, response: Any) -> Any:
        self.asked.append(request)
        await asyncio.sleep(self.delay_s)
        if self.status is not STATUS.OK:
            await context.abort(self.status, f"cannot parse {SECRET}")
        if isinstance(response, service_pb2.ModelInferResponse) and not self.is_empty:
            for name, values in _zeros(request.inputs[0].shape[0]).items():
                response.outputs.add(name=name, datatype="FP32", shape=values.shape)
                response.raw_output_contents.append(values.tobytes())
        return response


def _zeros(rows: int) -> dict[str, NDArray[np.float32]]:
    widths = {
        "diagnosis_logits": 5,
        "urgency_logits": 5,
        "diagnosis_attribution": LONGEST,
        "urgency_attribution": LONGEST + len(VITALS_FIELDS),
        "embedding": HIDDEN,
    }
    return {name: np.zeros((rows, width), dtype=np.float32) for name, width in widths.items()}


@asynccontextmanager
async def _model(fake: FakeServer, timeout_s: float = 30.0) -> AsyncIterator[TritonModel]:
    server = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    model = TritonModel(f"127.0.0.1:{port}", name="triage_bert", version="7", timeout_s=timeout_s)
    try:
        yield model
    finally:
        await model.close()
        await server.stop(None)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (STATUS.UNAVAILABLE, Unavailable),
        (STATUS.NOT_FOUND, Unavailable),
        (STATUS.RESOURCE_EXHAUSTED, Unavailable),
        (STATUS.DEADLINE_EXCEEDED, Unavailable),
        (STATUS.CANCELLED, Unavailable),
        (STATUS.INTERNAL, ModelFault),
        (STATUS.UNKNOWN, ModelFault),
        (STATUS.INVALID_ARGUMENT, ModelRefused),
    ],
)
async def test_a_status_is_an_outage_a_fault_or_a_refusal_and_quotes_nothing(
    status: grpc.StatusCode, error: type[Exception]
) -> None:
    async with _model(FakeServer(status)) as model:
        with pytest.raises((Unavailable, ModelFault)) as caught:
            await model.infer([window(3)], Priority.STANDARD)
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_an_answer_after_the_deadline_is_an_outage() -> None:
    async with _model(FakeServer(STATUS.OK, delay_s=60.0), timeout_s=0.2) as model:
        with pytest.raises(Unavailable):
            await model.infer([window(3)], Priority.STANDARD)


async def test_a_server_that_is_not_there_is_an_outage_and_not_ready() -> None:
    model = TritonModel("127.0.0.1:1", name="triage_bert", version="7", timeout_s=5.0)
    with pytest.raises(Unavailable):
        await model.infer([window(3)], Priority.STANDARD)
    assert not await model.ready()
    await model.close()


async def test_an_empty_answer_is_a_fault() -> None:
    async with _model(FakeServer(STATUS.OK, is_empty=True)) as model:
        with pytest.raises(ModelFault):
            await model.infer([window(3)], Priority.STANDARD)


async def test_each_window_gets_its_own_answer_without_padding_from_the_pinned_version() -> None:
    fake = FakeServer(STATUS.OK)
    async with _model(fake) as model:
        answers = await model.infer([window(3), window(LONGEST)], Priority.EXPRESS)
    assert [len(answer.diagnosis_attribution) for answer in answers] == [3, LONGEST]
    assert [len(answer.urgency_attribution) for answer in answers] == [3, LONGEST]
    assert [len(answer.vitals_attribution) for answer in answers] == [len(VITALS_FIELDS)] * 2
    (request,) = fake.asked
    assert (request.model_name, request.model_version) == ("triage_bert", "7")


async def test_a_request_whose_caller_has_gone_is_not_computed() -> None:
    fake = FakeServer(STATUS.OK)
    async with _model(fake, timeout_s=2.5) as model:
        await model.infer([window(3)], Priority.EXPRESS)
    (request,) = fake.asked
    assert request.parameters["timeout"].int64_param == 2_500_000  # us


@pytest.mark.parametrize(
    ("lane", "is_urgent"), [(Priority.EXPRESS, True), (Priority.STANDARD, False), (Priority.SHADOW, False)]
)
async def test_the_server_is_told_which_request_is_urgent(lane: Priority, is_urgent: bool) -> None:
    fake = FakeServer(STATUS.OK)
    async with _model(fake) as model:
        await model.infer([window(3)], lane)
    (request,) = fake.asked
    assert request.parameters["urgent"].bool_param is is_urgent


@pytest.mark.parametrize(("status", "is_ready"), [(STATUS.OK, True), (STATUS.UNAVAILABLE, False)])
async def test_readiness_is_the_servers_word(status: grpc.StatusCode, is_ready: bool) -> None:
    async with _model(FakeServer(status)) as model:
        assert await model.ready() is is_ready


async def test_a_reload_unloads_first() -> None:
    fake = FakeServer(STATUS.OK)
    async with _model(fake) as model:
        await model.reload()
    assert [type(request).__name__ for request in fake.asked] == [
        "RepositoryModelUnloadRequest",
        "RepositoryModelLoadRequest",
    ]


async def test_a_reload_that_fails_is_an_outage() -> None:
    async with _model(FakeServer(STATUS.INTERNAL)) as model:
        with pytest.raises(Unavailable):
            await model.reload()


class SlowRepository:
    """Unloads and loads a model, with time for a cancellation in between."""

    def __init__(self) -> None:
        self.is_loaded = True
        self.unloaded = asyncio.Event()
        self.loaded = asyncio.Event()

    async def unload_model(self, name: str, client_timeout: float) -> None:
        self.is_loaded = False
        self.unloaded.set()
        await asyncio.sleep(0.01)

    async def load_model(self, name: str, client_timeout: float) -> None:
        self.is_loaded = True
        self.loaded.set()


async def test_a_reload_goes_on_when_its_caller_is_cancelled() -> None:
    model, repository = TritonModel("127.0.0.1:1", name="m", version="1", timeout_s=1.0), SlowRepository()
    await model.close()
    model._client = repository
    caller = asyncio.create_task(model.reload())
    await repository.unloaded.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await asyncio.wait_for(repository.loaded.wait(), 5)
    assert repository.is_loaded
